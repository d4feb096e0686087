import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError } from '../../common/start-error.js';
import type { ListenerSpec } from './listener.js';
import { JSON_TYPE, send, TEXT } from './send.js';

const requestTimeoutMs = 10_000;

/** A server on one address, in front of the express app: what the listener does not serve never reaches the app. */
export class ListenerServer {
  private readonly server: Server;

  constructor(
    readonly spec: ListenerSpec,
    app: RequestListener,
  ) {
    this.server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
      if (admit(spec, request, response)) app(request, response);
    });
  }

  /** The address that was bound; undefined while closed. */
  get address(): AddressInfo | undefined {
    const address = this.server.address();
    return typeof address === 'object' ? (address ?? undefined) : undefined;
  }

  /** Resolves when connections are taken. Rejects with StartError when the address cannot be had. */
  async open(): Promise<void> {
    const { host, port, failure } = this.spec;
    await new Promise<void>((resolve, reject) => {
      const refused = (cause: Error): void => reject(new StartError(failure, { cause, prefixed: false }));
      this.server.once('error', refused);
      this.server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        this.server.removeListener('error', refused);
        resolve();
      });
    });
  }

  /** Ends the connections too: a scrape or a probe that is cut off comes again. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

function admit(spec: ListenerSpec, request: IncomingMessage, response: ServerResponse): boolean {
  for (const [name, value] of Object.entries(spec.headers ?? {})) response.setHeader(name, value);
  const refusal = spec.refuse?.(request);
  if (refusal) {
    const { status, error, message } = refusal;
    send(response, status, JSON_TYPE, JSON.stringify({ statusCode: status, error, message }));
    return false;
  }
  const [path = ''] = (request.url ?? '').split('?', 1);
  if (spec.serves(path)) return true;
  if (spec.notFound) {
    send(response, 404, 'application/json', spec.notFound(path));
    return false;
  }
  // Byte for byte what Go's http.NotFound sends.
  response.setHeader('X-Content-Type-Options', 'nosniff');
  send(response, 404, TEXT, '404 page not found\n');
  return false;
}
