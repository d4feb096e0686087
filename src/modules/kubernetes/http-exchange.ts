import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { KubeError } from './kube-api.js';

export interface Exchange {
  readonly secure: boolean;
  readonly options: RequestOptions;
  readonly body: Buffer | undefined;
  /** Until connected, TLS included, ms; 0 = no limit. */
  readonly connectTimeoutMs: number;
  /** Ends the request, and the answer's body until that is closed. */
  readonly signal: AbortSignal;
}

/** An idle connection had been closed by the server before the request reached it: sending it again is safe. */
export class StaleConnection extends Error {
  constructor(cause: unknown) {
    super('the server had closed the connection', { cause });
    this.name = 'StaleConnection';
  }
}

/** Sends one request; resolves with the answer's headers. @throws StaleConnection, or what broke the connection. */
export function exchange({
  secure,
  options,
  body,
  connectTimeoutMs,
  signal,
}: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = secure ? httpsRequest : httpRequest;
    const request = send(options);
    let answer: IncomingMessage | undefined;
    const abort = (): void => {
      const reason = signal.reason instanceof Error ? signal.reason : new Error('aborted');
      (answer ?? request).destroy(reason);
    };
    const release = (): void => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    request.once('response', (response) => {
      answer = response;
      response.once('close', release);
      resolve(response);
    });
    // Stays for good: after the answer, the same failure arrives here and at the body, where it is dealt with.
    request.on('error', (error) => {
      release();
      const stale = request.reusedSocket && isReset(error) && !signal.aborted;
      reject(stale ? new StaleConnection(error) : error);
    });
    if (connectTimeoutMs > 0)
      request.once('socket', (socket) => limitConnecting(socket, secure, connectTimeoutMs));
    if (signal.aborted) abort();
    request.end(body);
  });
}

function isReset(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function limitConnecting(socket: Socket, secure: boolean, ms: number): void {
  if (!socket.connecting) return;
  const fail = (): void => {
    socket.destroy(new KubeError(`not connected within ${String(ms)} ms`, 0, 'ETIMEDOUT'));
  };
  const timer = setTimeout(fail, ms);
  const done = (): void => clearTimeout(timer);
  socket.once(secure ? 'secureConnect' : 'connect', done);
  socket.once('close', done);
}
