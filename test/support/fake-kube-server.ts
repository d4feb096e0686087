import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What goes wrong with the next list or watch; each is used up by one request. */
export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly reason?: string;
      readonly retryAfter?: number;
    }
  /** The connection is reset before an answer. */
  | { readonly kind: 'refuse' }
  /** Half of the body, then a reset. For a watch: half of the next event. */
  | { readonly kind: 'reset' }
  /** Half of the body, ended in good order. */
  | { readonly kind: 'truncate' }
  /** A few bytes at a time. */
  | { readonly kind: 'slow' }
  /** Headers, then nothing. */
  | { readonly kind: 'silence' }
  /** Ends at once, without an event. */
  | { readonly kind: 'short' }
  /** A watch whose first event is an error of this code. */
  | { readonly kind: 'error-event'; readonly code: number; readonly message?: string };

export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: FakeObject;
}

interface Watcher {
  readonly response: ServerResponse;
  fault: Fault | undefined;
}

/**
 * An API server of one kind, cluster-scoped, at any path but the fixed ones: list, pages, exact lists of the past, watch, bookmarks,
 * watch lists, 410.
 */
export class FakeKubeServer {
  readonly requests: string[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** Of the next lists and watches, in order. */
  readonly faults = { list: [] as Fault[], watch: [] as Fault[] };
  /** Other paths: the answer, or a status. */
  readonly fixed = new Map<string, unknown>();
  /** Pages, also for lists with a version. */
  forcePages = false;
  servesWatchLists = false;
  private version = 100;
  private oldest = 100;
  private readonly objects = new Map<string, FakeObject>();
  private readonly history: Change[] = [];
  private readonly watchers = new Set<Watcher>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  static async start(port = 0): Promise<FakeKubeServer> {
    const fake = new FakeKubeServer();
    await fake.listen(port);
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  get connections(): number {
    return this.sockets.size;
  }

  get openWatches(): number {
    return this.watchers.size;
  }

  /** Name to content, as it is now. */
  get state(): Map<string, unknown> {
    return new Map([...this.objects].map(([name, { spec }]) => [name, spec]));
  }

  put(name: string, spec: unknown): void {
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED';
    const object = { metadata: { name, resourceVersion: String(++this.version) }, spec };
    this.objects.set(name, object);
    this.record({ version: this.version, type, object });
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (!object) return;
    this.objects.delete(name);
    const gone = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } };
    this.record({ version: this.version, type: 'DELETED', object: gone });
  }

  /** Watches from an older version get 410. As with a watch cache, an exact list still shows the past: etcd remembers longer. */
  compact(): void {
    this.oldest = this.version;
  }

  bookmark(): void {
    for (const watcher of this.watchers) this.send(watcher, 'BOOKMARK', this.bookmarkObject());
  }

  /** Ends the open watches in good order, as at their timeout. */
  endWatches(): void {
    for (const { response } of this.watchers) response.end();
  }

  /** Resets every connection; new ones are taken. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Stops listening, for connection refused. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.dropConnections();
    await closed;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', () => resolve()));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    this.headers.push(request.headers);
    const url = new URL(request.url ?? '/', this.url);
    const fixed = this.fixed.get(url.pathname);
    if (fixed !== undefined) answerFixed(response, fixed);
    else if (url.searchParams.get('watch') === 'true') this.watch(url.searchParams, response);
    else this.list(url.searchParams, response);
  }

  private list(query: URLSearchParams, response: ServerResponse): void {
    const fault = this.faults.list.shift();
    if (fault?.kind === 'refuse') response.destroy();
    else if (fault?.kind === 'status') answerStatus(response, fault.status, fault);
    else void sendBody(response, this.page(query), fault);
  }

  private page(query: URLSearchParams): string {
    const limit = Number(query.get('limit') ?? 0);
    const asked = query.get('resourceVersion') ?? '';
    // The old meaning of a limit beside a version: exactly what was there then.
    const exact = limit > 0 && asked !== '' && asked !== '0';
    const all = exact ? this.past(Number(asked)) : [...this.objects.values()];
    const now = exact ? asked : String(this.version);
    const [from, version] = (query.get('continue') ?? `0/${now}`).split('/').map(Number) as [number, number];
    const paged = limit > 0 && (this.forcePages || asked === '');
    const items = paged ? all.slice(from, from + limit) : all;
    const more = paged && from + limit < all.length;
    const metadata = {
      resourceVersion: String(version),
      ...(more ? { continue: `${String(from + limit)}/${String(version)}` } : {}),
    };
    return JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata, items }) + '\n';
  }

  private past(version: number): FakeObject[] {
    const objects = new Map<string, FakeObject>();
    for (const { version: at, type, object } of this.history) {
      if (at > version) break;
      if (type === 'DELETED') objects.delete(object.metadata.name);
      else objects.set(object.metadata.name, object);
    }
    return [...objects.values()];
  }

  private watch(query: URLSearchParams, response: ServerResponse): void {
    const fault = this.faults.watch.shift();
    if (fault?.kind === 'refuse') return void response.destroy();
    if (fault?.kind === 'status') return answerStatus(response, fault.status, fault);
    const initial = query.get('sendInitialEvents') === 'true';
    if (initial && !this.servesWatchLists) return answerStatus(response, 422, { reason: 'Invalid' });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watcher = { response, fault };
    if (fault?.kind === 'short') return void response.end();
    if (fault?.kind === 'error-event') return endWithError(response, fault.code, fault.message);
    const from = Number(query.get('resourceVersion'));
    if (!initial && from < this.oldest) return endWithError(response, 410);
    this.watchers.add(watcher);
    response.once('close', () => this.watchers.delete(watcher));
    if (initial) this.sendInitial(watcher);
    else
      for (const { version, type, object } of this.history)
        if (version > from) this.send(watcher, type, object);
  }

  private sendInitial(watcher: Watcher): void {
    for (const object of this.objects.values()) this.send(watcher, 'ADDED', object);
    this.send(watcher, 'BOOKMARK', this.bookmarkObject({ 'k8s.io/initial-events-end': 'true' }));
  }

  private bookmarkObject(annotations?: Record<string, string>): FakeObject {
    const metadata = {
      name: '',
      resourceVersion: String(this.version),
      ...(annotations ? { annotations } : {}),
    };
    return { metadata };
  }

  private record(change: Change): void {
    this.history.push(change);
    for (const watcher of this.watchers) this.send(watcher, change.type, change.object);
  }

  private send(watcher: Watcher, type: string, object: FakeObject): void {
    const { response, fault } = watcher;
    const line = JSON.stringify({ type, object }) + '\n';
    if (fault?.kind === 'silence' || response.writableEnded || response.destroyed) return;
    if (fault?.kind !== 'reset') return void response.write(line);
    watcher.fault = { kind: 'silence' };
    response.write(line.slice(0, line.length / 2), () => response.destroy());
  }
}

async function sendBody(response: ServerResponse, body: string, fault: Fault | undefined): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  const bytes = Buffer.from(body);
  const half = bytes.subarray(0, bytes.length / 2);
  if (fault?.kind === 'silence') return response.flushHeaders();
  if (fault?.kind === 'reset') return void response.write(half, () => response.destroy());
  if (fault?.kind === 'truncate') return void response.end(half);
  if (fault?.kind !== 'slow') return void response.end(bytes);
  const step = Math.max(1, Math.ceil(bytes.length / 20));
  for (let at = 0; at < bytes.length; at += step) {
    response.write(bytes.subarray(at, at + step));
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

function answerFixed(response: ServerResponse, fixed: unknown): void {
  if (typeof fixed === 'number') return answerStatus(response, fixed, {});
  if (typeof fixed === 'string') return void response.end(fixed);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(fixed));
}

function answerStatus(
  response: ServerResponse,
  code: number,
  { reason = '', retryAfter }: { reason?: string; retryAfter?: number },
): void {
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter ? { 'retry-after': String(retryAfter) } : {}),
  };
  response.writeHead(code, headers);
  response.end(JSON.stringify(statusObject(code, `status ${String(code)}`, reason)));
}

function endWithError(response: ServerResponse, code: number, message = `code ${String(code)}`): void {
  const object = statusObject(code, message, code === 410 ? 'Expired' : '');
  response.end(JSON.stringify({ type: 'ERROR', object }) + '\n');
}

function statusObject(code: number, message: string, reason: string): unknown {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code };
}
