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
  /** Requested, not answered yet. etcd answers them in their order, a refused one too, whose id means nothing. */
  private readonly requested: Watch[] = [];
  private readonly byId = new Map<number, Watch>();
  private readonly closing = new AbortController();
  private opening: Promise<void> | undefined;
  private stream: EtcdStream<object> | undefined;
  private heardAt: number;
  private askedAt: number | undefined;
  private fault: EtcdFault | undefined;
  private refused = false;

  constructor(private readonly options: WatchStreamOptions) {
    this.heardAt = options.clock.monotonic();
  }

  /** Takes no more watches; after a refusal, too: etcd judges all watches of a stream by the login that it was opened with. */
  get over(): boolean {
    return this.refused || this.dead;
  }

  /** Resolves when the watch has ended, be it that no stream can be opened. @throws whatever the handler throws. */
  async watch(options: WatchOptions, signal: AbortSignal): Promise<WatchEnd> {
    const watch = new Watch(options);
    const abort = (): void => watch.end(new EtcdFault('cancelled', 'aborted'));
    if (signal.aborted) abort();
    else await this.carry(watch, signal, abort);
    const end = await watch.ended;
    // etcd 3.4 calls a watch with an expired token not permitted.
    if (end.fault.kind === 'permission-denied' || end.fault.kind === 'unauthenticated')
      this.options.client.forgetLogin();
    return end;
  }

  private get dead(): boolean {
    return this.fault !== undefined || this.closing.signal.aborted;
  }

  private async carry(watch: Watch, signal: AbortSignal, abort: () => void): Promise<void> {
    this.live.add(watch);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([(this.opening ??= this.open()), watch.ended]);
      if (this.fault) watch.end(this.fault);
      if (!watch.hasEnded) {
        this.requested.push(watch);
        this.stream?.send({ create_request: watch.request });
      }
      await watch.ended;
    } finally {
      signal.removeEventListener('abort', abort);
      this.leave(watch);
    }
  }

  private async open(): Promise<void> {
    const { client } = this.options;
    try {
      const { path, encode } = await client.rpc('Watch', 'Watch');
      this.stream = await client.stream(
        { path, encode, decode: decodeWatch },
        { onData: (answer) => this.receive(answer), onEnd: (fault) => this.end(fault) },
        { signal: this.closing.signal, requireLeader: true },
      );
      void this.guard(this.stream);
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      this.end(error);
    }
  }

  private receive(answer: WatchAnswer): void {
    if (this.dead) return;
    this.heardAt = this.options.clock.monotonic();
    this.askedAt = undefined;
    if (answer.created) this.created(answer);
    // An answer to a progress request may overtake events in some releases of etcd (etcd-io/etcd#15220): a sign of life only.
    else this.deliver(answer.watchId, answer);
  }

  private created(answer: WatchAnswer): void {
    const watch = this.requested.shift();
    if (!watch) return;
    if (answer.canceled) {
      this.refused = true;
      watch.receive(answer);
    } else {
      this.byId.set(answer.watchId, watch);
      this.deliver(answer.watchId, answer);
    }
  }

  private deliver(id: number, answer: WatchAnswer): void {
    const watch = this.byId.get(id);
    watch?.receive(answer);
    if (watch?.hasEnded) this.forget(id);
  }

  /** Told to etcd even if it has cancelled the watch itself, for compaction: till then it would count it, and answer no question. */
  private forget(id: number): void {
    this.byId.delete(id);
    this.stream?.send({ cancel_request: { watch_id: String(id) } });
  }

  private leave(watch: Watch): void {
    this.live.delete(watch);
    if (this.live.size === 0) this.closing.abort();
    if (this.dead) return;
    for (const [id, known] of this.byId) if (known === watch) this.forget(id);
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
      } else if (now - this.heardAt >= silenceMs && !signal.aborted) {
        // Asked again while there is no answer: etcd gives none as long as one of the watches is behind.
        this.askedAt ??= now;
        stream.send({ progress_request: {} });
      }
    }
  }
}
