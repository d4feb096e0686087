import type { ServerResponse } from 'node:http';
import type { ApiError } from '../api-error.js';
import type { FaultEffect, Faults, MetFault, RequestRecord } from '../faults.js';

type Shape = MetFault<Extract<FaultEffect, { kind: 'truncate' | 'trickle' }>>;

/** The body of one answer: waits for a slow reader, and does to it what faults ask for. */
export class Answer {
  private written = 0;
  private cut = false;
  private shape: Shape | undefined;

  constructor(
    readonly request: RequestRecord,
    private readonly response: ServerResponse,
    private readonly faults: Faults,
  ) {}

  /** The reader has gone, or was cut off. */
  get closed(): boolean {
    return this.cut || this.response.destroyed;
  }

  onClose(callback: () => void): void {
    this.response.once('close', callback);
  }

  begin(status: number, headers: Readonly<Record<string, string>>): void {
    this.response.writeHead(status, { 'cache-control': 'no-cache, private', ...headers });
    this.request.status = status;
    this.shape = this.faults.take(this.request, 'truncate', 'trickle');
    // A watch says 200 before it has anything to tell.
    this.response.flushHeaders();
  }

  /** Resolves when the reader can take more, or has gone. */
  async write(chunk: Buffer): Promise<void> {
    const effect = this.shape?.effect;
    if (effect?.kind === 'truncate') await this.writeUpTo(chunk, effect.bytes);
    else if (effect?.kind === 'trickle') await this.dribble(chunk, effect.bytes, effect.everyMs);
    else await this.push(chunk);
  }

  end(): void {
    if (!this.closed) this.response.end();
  }

  /** A whole answer of JSON. */
  async json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.whole(status, Buffer.from(`${JSON.stringify(body)}\n`), {
      'content-type': 'application/json',
      ...headers,
    });
  }

  async text(status: number, body: string): Promise<void> {
    await this.whole(status, Buffer.from(body), { 'content-type': 'text/plain; charset=utf-8' });
  }

  async whole(status: number, body: Buffer, headers: Readonly<Record<string, string>>): Promise<void> {
    this.begin(status, { ...headers, 'content-length': String(body.length) });
    await this.write(body);
    this.end();
  }

  async refuse(error: ApiError): Promise<void> {
    const { retryAfterSeconds } = error.extra;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    await this.json(error.status, error.toStatus(), headers);
  }

  private async writeUpTo(chunk: Buffer, limit: number): Promise<void> {
    await this.push(chunk.subarray(0, limit - this.written));
    if (this.written >= limit) this.cutOff();
  }

  private async dribble(chunk: Buffer, bytes: number, everyMs: number): Promise<void> {
    let at = 0;
    for (; at < chunk.length && !this.closed && this.shape?.inForce; at += bytes) {
      await this.push(chunk.subarray(at, at + bytes));
      await this.pause(everyMs);
    }
    await this.push(chunk.subarray(at));
  }

  private cutOff(): void {
    this.cut = true;
    const { socket } = this.response;
    // What was written must leave before the connection breaks: a reset would discard it.
    socket?.end(() => socket.destroy());
  }

  private async push(chunk: Buffer): Promise<void> {
    if (this.closed || chunk.length === 0) return;
    this.written += chunk.length;
    if (!this.response.write(chunk)) await this.drained();
  }

  private drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.response.off('drain', done);
        this.response.off('close', done);
        resolve();
      };
      this.response.once('drain', done);
      this.response.once('close', done);
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.response.off('close', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.response.once('close', done);
    });
  }
}
