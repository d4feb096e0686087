import type { Clock } from '../../common/clock.js';
import type { EtcdClient, EtcdStream } from './etcd-client.js';
import { EtcdFault } from './kv.js';
import { Watch, type WatchEnd, type WatchOptions } from './watch.js';
import { decodeWatch, type WatchAnswer } from './wire/watch-codec.js';

export interface WatchStreamOptions {
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly silenceMs: number;
}

/**
 * One stream, which carries any number of watches: a stream costs a reader and a server memory, a watch on it next to none.
 * Opened for the first watch; it ends with the last one, and all of them end with it.
 */
export class WatchStream {
  private readonly live = new Set<Watch>();
  /** Requested, not answered yet. etcd answers them in their order, a refused one too, and one of those without an id. */
  private readonly requested: Watch[] = [];
  private readonly byId = new Map<number, Watch>();
  private readonly closing = new AbortController();
  private opening: Promise<EtcdStream<object>> | undefined;
  private heardAt: number;
  private askedAt: number | undefined;
  private fault: EtcdFault | undefined;

  constructor(private readonly options: WatchStreamOptions) {
    this.heardAt = options.clock.monotonic();
  }

  /** Takes no more watches. */
  get over(): boolean {
    return this.fault !== undefined || this.closing.signal.aborted;
  }

  /** Resolves when the watch has ended. @throws EtcdFault when no stream can be opened, or whatever the handler throws. */
  async watch(options: WatchOptions, signal: AbortSignal): Promise<WatchEnd> {
    const watch = new Watch(options);
    this.live.add(watch);
    const abort = (): void => watch.end(new EtcdFault('cancelled', 'aborted'));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    try {
      const stream = await (this.opening ??= this.open());
      if (this.fault) watch.end(this.fault);
      if (!watch.hasEnded) {
        this.requested.push(watch);
        stream.send({ create_request: watch.request });
      }
      const end = await watch.ended;
      // etcd 3.4 calls a watch with an expired token not permitted.
      if (end.fault.kind === 'permission-denied' || end.fault.kind === 'unauthenticated')
        this.options.client.forgetLogin();
      return end;
    } finally {
      signal.removeEventListener('abort', abort);
      await this.leave(watch);
    }
  }

  private async open(): Promise<EtcdStream<object>> {
    const { client } = this.options;
    try {
      const { path, encode } = await client.rpc('Watch', 'Watch');
      const stream = await client.stream(
        { path, encode, decode: decodeWatch },
        { onData: (answer) => this.receive(answer, stream), onEnd: (fault) => this.end(fault) },
        { signal: this.closing.signal, requireLeader: true },
      );
      void this.guard(stream);
      return stream;
    } catch (error) {
      if (error instanceof EtcdFault) this.end(error);
      throw error;
    }
  }

  private receive(answer: WatchAnswer, stream: EtcdStream<object>): void {
    this.heardAt = this.options.clock.monotonic();
    this.askedAt = undefined;
    const watch = answer.created ? this.requested.shift() : this.byId.get(answer.watchId);
    // An answer to a progress request may overtake events in some releases of etcd (etcd-io/etcd#15220): a sign of life only.
    if (!watch) return;
    if (answer.created && !answer.canceled) this.byId.set(answer.watchId, watch);
    watch.receive(answer);
    if (watch.hasEnded) this.forget(answer.watchId, answer.canceled ? undefined : stream);
  }

  /** @param stream told to let go of the watch, unless etcd has done so itself. */
  private forget(id: number, stream: EtcdStream<object> | undefined): void {
    if (this.byId.delete(id)) stream?.send({ cancel_request: { watch_id: String(id) } });
  }

  private async leave(watch: Watch): Promise<void> {
    this.live.delete(watch);
    if (this.live.size === 0) this.closing.abort();
    if (this.over) return;
    const stream = await this.opening;
    for (const [id, known] of this.byId) if (known === watch) this.forget(id, stream);
  }

  private end(fault: EtcdFault): void {
    this.fault ??= fault;
    this.closing.abort();
    for (const watch of this.live) watch.end(fault);
  }

  /** A member may keep a stream open and say nothing on it for ever; only asking tells that from a quiet prefix. */
  private async guard(stream: EtcdStream<object>): Promise<void> {
    const { clock, silenceMs } = this.options;
    const { signal } = this.closing;
    while (!signal.aborted) {
      await clock.sleep(silenceMs / 2, signal);
      const now = clock.monotonic();
      if (this.askedAt !== undefined && now - this.askedAt >= silenceMs) {
        this.end(new EtcdFault(`the watch was silent for ${Math.round(now - this.heardAt)} ms`, 'timeout'));
      } else if (this.askedAt === undefined && now - this.heardAt >= silenceMs && !signal.aborted) {
        this.askedAt = now;
        stream.send({ progress_request: {} });
      }
    }
  }
}
