import type { Clock } from '../../common/clock.js';
import type { EtcdClient, EtcdStream } from './etcd-client.js';
import { etcdFaultOf } from './etcd-fault.js';
import { EtcdFault, type KvEvent, type KvWatchHandler } from './kv.js';
import type { Rpc } from './etcd-stubs.js';
import { decodeWatch, type WatchAnswer } from './wire/watch-codec.js';

export interface WatchStreamOptions {
  /** `key` and `range_end` of the create request. */
  readonly range: object;
  /** The first revision that has not been delivered. */
  readonly next: number;
  readonly handler: KvWatchHandler;
  readonly clock: Clock;
  readonly silenceMs: number;
}

export interface StreamEnd {
  /** The first revision that has not been delivered. */
  readonly next: number;
  readonly fault: EtcdFault;
  /** onConnected was called. */
  readonly connected: boolean;
  /** Above 0: history up to it is gone, with `next` in it. */
  readonly compactRevision: number;
}

/**
 * One stream with one watch, from its opening to its end; a new one is made for every attempt, so nothing of an older stream
 * can reach the handler.
 *
 *     opening → watching → ended
 */
export class WatchStream {
  private next: number;
  private connected = false;
  private compactRevision = 0;
  /** Why this side ended the stream; etcd's own answer goes before the cancellation that follows from it. */
  private reason: EtcdFault | undefined;
  private stream: EtcdStream<object> | undefined;
  private heardAt: number;
  private askedAt: number | undefined;

  constructor(private readonly options: WatchStreamOptions) {
    this.next = options.next;
    this.heardAt = options.clock.monotonic();
  }

  /** Resolves when the stream has ended. @throws EtcdFault when it cannot even be opened, or whatever the handler throws. */
  async run(client: EtcdClient, signal: AbortSignal): Promise<StreamEnd> {
    const { path, encode } = await client.rpc('Watch', 'Watch');
    const guard = new AbortController();
    const silence = this.guard(guard.signal);
    try {
      const fault = await this.ended(client, { path, encode, decode: decodeWatch }, signal);
      // etcd 3.4 calls a watch with an expired token not permitted.
      if (this.reason?.kind === 'permission-denied' || this.reason?.kind === 'unauthenticated')
        client.forgetLogin();
      return {
        next: this.next,
        fault: this.reason ?? fault,
        connected: this.connected,
        compactRevision: this.compactRevision,
      };
    } finally {
      guard.abort();
      await silence;
    }
  }

  private async ended(
    client: EtcdClient,
    rpc: Rpc<object, WatchAnswer>,
    signal: AbortSignal,
  ): Promise<EtcdFault> {
    let settle: (fault: EtcdFault) => void = () => undefined;
    let fail: (bug: unknown) => void = () => undefined;
    const ended = new Promise<EtcdFault>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    const onData = (answer: WatchAnswer): void => {
      if (this.reason) return;
      try {
        this.receive(answer);
      } catch (error) {
        // A handler that throws is a bug: it surfaces from run() instead of vanishing in the stream.
        fail(error);
        this.stream?.cancel();
      }
    };
    this.stream = await client.stream(
      rpc,
      { onData, onEnd: (fault) => settle(fault) },
      { signal, requireLeader: true },
    );
    const { range } = this.options;
    // Without `fragment`: etcd splits long answers in quadratic time (measured: 24 s for 184,000 events; whole, under 2 s).
    this.stream.send({
      create_request: { ...range, start_revision: this.next, progress_notify: true },
    });
    return ended;
  }

  private receive(answer: WatchAnswer): void {
    this.heardAt = this.options.clock.monotonic();
    this.askedAt = undefined;
    if (answer.canceled) {
      this.canceled(answer);
      return;
    }
    if (answer.created && !this.created(answer.revision)) return;
    // An answer to a progress request may overtake events in some releases of etcd (etcd-io/etcd#15220): a sign of life only.
    if (answer.watchId < 0) return;
    this.deliver(answer);
  }

  private created(revision: number): boolean {
    if (revision < this.next - 1) {
      // Another store than the one that was read: waiting for the old one's next revision would be waiting for ever.
      this.compactRevision = Math.max(1, revision);
      this.end(new EtcdFault(`etcd is at revision ${revision}, before ${this.next - 1}`, 'compacted'));
      return false;
    }
    this.connected = true;
    this.options.handler.onConnected?.();
    return true;
  }

  private deliver(answer: WatchAnswer): void {
    if (answer.events.length === 0) {
      // A progress notification: everything up to its revision has been delivered. The reply to the creation says no such thing.
      if (!answer.created) this.next = Math.max(this.next, answer.revision + 1);
      return;
    }
    const events = answer.events.filter((event) => revisionOf(event) >= this.next);
    const last = events.at(-1);
    if (!last) return;
    this.next = revisionOf(last) + 1;
    this.options.handler.onEvents(events, answer.revision);
  }

  private canceled({ compactRevision, cancelReason }: WatchAnswer): void {
    this.compactRevision = compactRevision;
    const text = compactRevision > 0 ? 'required revision has been compacted' : cancelReason;
    this.end(etcdFaultOf(text || 'etcd cancelled the watch'));
  }

  private end(reason: EtcdFault): void {
    this.reason ??= reason;
    this.stream?.cancel();
  }

  /** A member may keep a stream open and say nothing on it for ever; only asking tells that from a quiet prefix. */
  private async guard(over: AbortSignal): Promise<void> {
    const { clock, silenceMs } = this.options;
    while (!over.aborted) {
      await clock.sleep(silenceMs / 2, over);
      const now = clock.monotonic();
      if (this.askedAt !== undefined && now - this.askedAt >= silenceMs) {
        this.end(new EtcdFault(`the watch was silent for ${Math.round(now - this.heardAt)} ms`, 'timeout'));
      } else if (this.askedAt === undefined && now - this.heardAt >= silenceMs) {
        this.askedAt = now;
        this.stream?.send({ progress_request: {} });
      }
    }
  }
}

function revisionOf(event: KvEvent): number {
  return event.type === 'put' ? event.entry.modRevision : event.modRevision;
}
