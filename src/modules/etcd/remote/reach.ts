import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { EtcdSettings } from '../config/etcd-config-loader.js';
import { addressOf, secureContext, usesTls } from '../etcd-channel.js';
import { EtcdFault, type EtcdFaultKind } from '../kv.js';

/** The way to a server, in the order in which it can be barred. */
export type ReachStep = 'resolve' | 'tcp' | 'tls';

export interface ReachOptions {
  readonly signal: AbortSignal;
  /** For each step, ms. */
  readonly timeoutMs: number;
  readonly onStep: (step: ReachStep) => void;
}

/**
 * Goes the way to an endpoint step by step on a socket of its own, so that what is wrong can be named: a gRPC channel tells
 * name, route and certificate troubles apart only by the wording of its errors, and some not at all.
 * @throws EtcdFault that names the endpoint; EtcdConfigError for certificates that cannot be used.
 */
export async function reach(endpoint: string, settings: EtcdSettings, options: ReachOptions): Promise<void> {
  const { host, port } = addressOf(endpoint);
  const within = <T>(step: ReachStep, kind: EtcdFaultKind, work: (signal: AbortSignal) => Promise<T>) =>
    limited(endpoint, step, kind, options, work);
  if (isIP(host) === 0) await within('resolve', 'unavailable', () => lookup(host));
  const socket = await within('tcp', 'unavailable', (signal) => open(host, port, signal));
  try {
    if (usesTls(endpoint, settings)) {
      await within('tls', 'unauthenticated', (signal) => handshake(socket, host, settings, signal));
    }
  } finally {
    socket.destroy();
  }
}

async function limited<T>(
  endpoint: string,
  step: ReachStep,
  kind: EtcdFaultKind,
  { signal, timeoutMs, onStep }: ReachOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  onStep(step);
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return await orAborted(work(AbortSignal.any([signal, limit])), AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted) throw new EtcdFault('cancelled', 'aborted');
    if (limit.aborted)
      throw new EtcdFault(`${endpoint}: ${step}: no answer within ${timeoutMs} ms`, 'timeout');
    if (!(error instanceof Error) || error.name === 'EtcdConfigError') throw error;
    throw new EtcdFault(`${endpoint}: ${step}: ${error.message}`, kind, { cause: error });
  }
}

/** DNS look-ups cannot be cancelled, only left behind. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    work.then(resolve, reject);
  });
}

function open(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

function handshake(socket: Socket, host: string, settings: EtcdSettings, signal: AbortSignal): Promise<void> {
  const context = secureContext(settings);
  return new Promise((resolve, reject) => {
    const tls = connectTls({
      socket,
      secureContext: context,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: !settings.config.insecureSkipTlsVerify,
      checkServerIdentity: (_name, cert) => checkServerIdentity(host, cert),
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    signal.addEventListener('abort', () => tls.destroy(), { once: true });
    tls.once('error', reject);
    tls.once('close', () => reject(new Error('the server closed the connection during the handshake')));
    tls.once('secureConnect', () => {
      tls.destroy();
      resolve();
    });
  });
}
