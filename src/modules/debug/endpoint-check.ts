import { lookup } from 'node:dns/promises';
import { isIP, Socket } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { acceptableAuthorities } from './acceptable-authorities.js';
import { nameText } from './certificate-text.js';
import { alertText, dialErrorText, lookupErrorText, tlsErrorText } from './network-text.js';

export interface EndpointTls {
  readonly ca?: Buffer;
  readonly clientCert?: { readonly cert: Buffer; readonly key: Buffer };
  /** The client's certificate, then its intermediates. */
  readonly chain: readonly X509Certificate[];
  readonly insecureSkipVerify: boolean;
}

interface Target {
  /** As in the endpoint: `host:port`. */
  readonly address: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

const versionLimitMs = 1000;
const shownAddresses = 4;

/** Tries one endpoint step by step: name, TCP, TLS, version. Returns the lines of its report; never rejects but for a bug. */
export async function checkEndpoint(
  endpoint: string,
  tls: EndpointTls,
  signal: AbortSignal,
): Promise<string[]> {
  const target = targetOf(endpoint);
  if (!target)
    return [`❌ Cannot parse endpoint: parse "${endpoint}": first path segment in URL cannot contain colon`];
  const named = await resolve(target.host, signal);
  const socket = await dial(target, signal);
  if (!(socket instanceof Socket)) return [...named, socket.line];
  const connected = `✅ TCP connection successfully established to ${remoteOf(socket)}`;
  if (!endpoint.startsWith('https://')) {
    socket.destroy();
    return [...named, connected];
  }
  return [...named, connected, ...(await checkTls(socket, target, tls, signal))];
}

/** undefined: no URL. */
function targetOf(endpoint: string): Target | undefined {
  const match = /^(https?):\/\/(?:\[([^\]]+)\]|([^:/]+))(?::(\d+))?\/?$/.exec(endpoint);
  if (!match) return undefined;
  const [, scheme, v6, name] = match;
  const host = v6 ?? name ?? '';
  const port = Number(match[4] ?? (scheme === 'https' ? 443 : 80));
  return { address: `${v6 === undefined ? host : `[${v6}]`}:${port}`, host, port };
}

async function resolve(host: string, signal: AbortSignal): Promise<string[]> {
  if (isIP(host)) return [];
  try {
    const found = await withAbort(lookup(host, { all: true, verbatim: true }), signal);
    const ips = [...new Set(found.map(({ address }) => address))];
    const shown = ips.slice(0, shownAddresses).join(', ');
    return [`✅ Hostname resolved to: ${shown}${ips.length > shownAddresses ? ', ...' : ''}`];
  } catch (error) {
    return [`❌ Cannot resolve hostname: ${lookupErrorText(error, host)}`];
  }
}

function dial({ host, port, address }: Target, signal: AbortSignal): Promise<Socket | { line: string }> {
  return new Promise((settle) => {
    const socket = new Socket({ signal });
    socket.once('error', (error) => {
      settle({ line: `❌ Cannot establish TCP connection to ${address}: ${dialErrorText(error, address)}` });
    });
    socket.connect({ host, port }, () => settle(socket));
  });
}

function remoteOf(socket: Socket): string {
  const { remoteAddress = '', remotePort = 0 } = socket;
  return `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

/** A failure, and whether the server said so of our certificate. */
interface Refusal {
  readonly line: string;
  readonly alert: boolean;
}

async function checkTls(
  socket: Socket,
  target: Target,
  tls: EndpointTls,
  signal: AbortSignal,
): Promise<string[]> {
  const remote = remoteOf(socket);
  const secured = await handshake(socket, target, tls);
  const asked = 'line' in secured ? secured : await askVersion(secured, target);
  socket.destroy();
  if (typeof asked !== 'string' && asked.alert) {
    const lines = await unsuitable(target, tls, signal);
    if (lines.length > 0) return lines;
  }
  if ('line' in secured) return [secured.line];
  return [
    `✅ TLS connection successfully established to ${remote}`,
    `ℹ️  Negotiated TLS version: ${secured.protocol}, ciphersuite ${secured.cipher}`,
    typeof asked === 'string' ? asked : asked.line,
  ];
}

interface Secured {
  readonly socket: TLSSocket;
  readonly protocol: string;
  readonly cipher: string;
}

function handshake(socket: Socket, target: Target, tls: EndpointTls): Promise<Secured | Refusal> {
  const { host, address } = target;
  const fail = (error: unknown): Refusal => ({
    line: `❌ Cannot establish TLS connection to ${address}: ${tlsErrorText(error, host)}`,
    alert: alertText(error) !== undefined,
  });
  return new Promise((settle) => {
    const secure = connect({
      socket,
      minVersion: 'TLSv1.2',
      ...(isIP(host) ? {} : { servername: host }),
      ...(tls.ca ? { ca: tls.ca } : {}),
      ...tls.clientCert,
      rejectUnauthorized: !tls.insecureSkipVerify,
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    });
    secure.once('error', (error) => settle(fail(error)));
    secure.once('close', () => settle(fail(new Error('EOF'))));
    secure.once('secureConnect', () => {
      const protocol = (secure.getProtocol() ?? '').replace('TLSv', 'TLS ');
      settle({ socket: secure, protocol, cipher: secure.getCipher().standardName });
    });
  });
}

/** With TLS 1.3 the refusal of a client's certificate is only seen by reading. */
function askVersion({ socket }: Secured, { address }: Target): Promise<string | Refusal> {
  const failed = (error: unknown): Refusal => {
    const alert = alertText(error);
    if (alert) return { line: `❌ TLS client authentication failed: ${alert}`, alert: true };
    const { message } = error as Error;
    return { line: `❌ Failed to retrieve GET /version answer: ${message}`, alert: false };
  };
  return new Promise((settle) => {
    const timer = setTimeout(() => settle(failed(new Error('i/o timeout'))), versionLimitMs);
    const end = (result: string | Refusal): void => {
      clearTimeout(timer);
      settle(result);
    };
    socket.once('error', (error) => end(failed(error)));
    socket.once('close', () => end(failed(new Error('EOF'))));
    socket.once('data', (answer: Buffer) => {
      const version = /"etcdserver"\s*:\s*"([^"]+)"/.exec(answer.toString('latin1'))?.[1];
      end(version ? `ℹ️  Etcd server version: ${version}` : '⚠️ Could not retrieve etcd server version');
    });
    socket.write(`GET /version HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
  });
}

/** Whether the server refuses because it takes certificates of other authorities only; empty when that is not why. */
async function unsuitable(
  { host, port, address }: Target,
  { chain }: EndpointTls,
  signal: AbortSignal,
): Promise<string[]> {
  const authorities = (await acceptableAuthorities(host, port, signal)).map(nameText);
  if (authorities.length === 0) return [];
  if (chain.some((certificate) => authorities.includes(nameText(certificate.issuer)))) return [];
  return [
    `❌ Cannot establish TLS connection to ${address}: client certificate is not signed by any acceptable CA`,
    `ℹ️  Acceptable CAs: ${authorities.map((name) => JSON.stringify(name)).join(', ')}`,
  ];
}

function withAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(Object.assign(new Error('i/o timeout'), { code: 'ABORT_ERR' }));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
