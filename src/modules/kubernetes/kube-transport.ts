import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import { AgentPool } from './agent-pool.js';
import { Deadline } from './deadline.js';
import { exchange, StaleConnection } from './http-exchange.js';
import {
  type HttpMethod,
  type KubeApi,
  KubeError,
  type KubeRequestOptions,
  type KubeStreamOptions,
} from './kube-api.js';
import type { KubeCredentials, KubeIdentity } from './kube-credentials.js';
import { errorOfAnswer, errorOfConnection } from './kube-failure.js';

export interface KubeTransportOptions {
  readonly credentials: KubeCredentials;
  readonly clock: Clock;
  /** Client-side limit of requests; a list or a watch counts as one. */
  readonly limit: { take(signal?: AbortSignal): Promise<boolean> };
  readonly userAgent: string;
  /** Until connected, TLS included, ms; 0 = no limit. */
  readonly connectionTimeoutMs: number;
  /** Period of TCP keep-alive probes, ms. */
  readonly connectionKeepAliveMs: number;
}

interface Call {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query: Readonly<Record<string, string>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const defaultTimeoutMs = 30_000;
/** Of an error's body; a Status is a few hundred bytes. */
const maxErrorLength = 64 * 1024;
/** How often one request is sent again because its connection was stale; each time uses up an idle one. */
const maxStaleConnections = 8;

/** KubeApi over HTTP/1.1 and one pool of keep-alive connections. */
export class KubeTransport implements KubeApi {
  private readonly base: URL;
  private readonly agents: AgentPool;

  constructor(private readonly options: KubeTransportOptions) {
    this.base = new URL(options.credentials.server);
    this.agents = new AgentPool({ secure: this.secure, keepAliveMs: options.connectionKeepAliveMs });
  }

  /** The API server's address. */
  get server(): string {
    return this.options.credentials.server;
  }

  async request<T = unknown>(method: HttpMethod, path: string, options: KubeRequestOptions = {}): Promise<T> {
    const { query, body, contentType = 'application/json', accept = 'application/json', signal } = options;
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = content
      ? { accept, 'content-type': contentType, 'content-length': String(content.length) }
      : { accept };
    const call: Call = { method, path, query, headers, ...(content ? { body: content } : {}) };
    await this.admit(signal);
    const deadline = new Deadline(this.options.clock, options.timeoutMs ?? defaultTimeoutMs, signal);
    try {
      return await answerOf<T>(await this.open(call, deadline.signal));
    } catch (error) {
      throw this.failure(call, error, signal);
    } finally {
      deadline.release();
    }
  }

  async stream(path: string, options: KubeStreamOptions = {}): Promise<Readable> {
    const { query, accept = 'application/json', signal } = options;
    const call: Call = { method: 'GET', path, query, headers: { accept, 'accept-encoding': 'identity' } };
    await this.admit(signal);
    const deadline = new Deadline(this.options.clock, options.headersTimeoutMs ?? defaultTimeoutMs, signal);
    try {
      const response = await this.open(call, deadline.signal);
      deadline.disarm();
      response.once('close', () => deadline.release());
      return response;
    } catch (error) {
      deadline.release();
      throw this.failure(call, error, signal);
    }
  }

  /** Closes the connections that no request uses. */
  closeIdle(): void {
    this.agents.closeIdle();
  }

  /** Closes every connection: requests under way fail, later ones connect anew. */
  closeAll(): void {
    this.agents.closeAll();
  }

  private get secure(): boolean {
    return this.base.protocol === 'https:';
  }

  private async admit(signal?: AbortSignal): Promise<void> {
    if (!(await this.options.limit.take(signal))) throw new KubeError('aborted', 0, 'Aborted');
  }

  /** Resolves with an answer below 300. */
  private async open(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    const identity = await this.identify();
    const response = await this.send(call, identity, signal);
    const status = response.statusCode ?? 0;
    if (status < 300) return response;
    throw errorOfAnswer(status, response.headers, await textOf(response, maxErrorLength));
  }

  private async identify(): Promise<KubeIdentity> {
    try {
      return await this.options.credentials.identify();
    } catch (error) {
      throw new KubeError('no credentials', 0, 'Credentials', undefined, { cause: error });
    }
  }

  private async send(call: Call, identity: KubeIdentity, signal: AbortSignal): Promise<IncomingMessage> {
    for (let stale = 0; ; stale++) {
      try {
        return await this.sendOnce(call, identity, signal);
      } catch (error) {
        const again =
          error instanceof StaleConnection && call.method === 'GET' && stale < maxStaleConnections;
        if (!again) throw error instanceof StaleConnection ? error.cause : error;
      }
    }
  }

  private sendOnce(call: Call, identity: KubeIdentity, signal: AbortSignal): Promise<IncomingMessage> {
    const { hostname, port } = this.base;
    return exchange({
      secure: this.secure,
      options: {
        // URL keeps the brackets of an IPv6 address, sockets want none.
        hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? (this.secure ? 443 : 80) : Number(port),
        method: call.method,
        path: this.target(call),
        headers: { 'user-agent': this.options.userAgent, ...call.headers, ...identity.headers },
        agent: this.agents.agentFor(identity),
      },
      body: call.body,
      connectTimeoutMs: this.options.connectionTimeoutMs,
      signal,
    });
  }

  private target({ path, query }: Call): string {
    const search = query === undefined ? '' : new URLSearchParams(query).toString();
    return this.base.pathname.replace(/\/$/, '') + path + (search === '' ? '' : `?${search}`);
  }

  /** Worded as client-go's: `Get "https://…/version": connect ECONNREFUSED …`. */
  private failure(call: Call, error: unknown, signal: AbortSignal | undefined): KubeError {
    if (signal?.aborted) return new KubeError('aborted', 0, 'Aborted', undefined, { cause: error });
    if (error instanceof KubeError && error.status > 0) return error;
    const method = call.method[0] + call.method.slice(1).toLowerCase();
    return errorOfConnection(error, `${method} ${JSON.stringify(this.base.origin + this.target(call))}: `);
  }
}

async function answerOf<T>(response: IncomingMessage): Promise<T> {
  const text = await textOf(response, Infinity);
  if (!response.headers['content-type']?.includes('json')) return text as T;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new KubeError('the answer is no JSON', 0, 'InvalidBody', undefined, { cause: error });
  }
}

async function textOf(response: IncomingMessage, maxLength: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxLength) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
