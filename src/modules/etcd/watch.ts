import { etcdFaultOf } from './etcd-fault.js';
import { EtcdFault, type KvEvent, type KvWatchHandler } from './kv.js';
import type { WatchAnswer } from './wire/watch-codec.js';

export interface WatchOptions {
  /** `key` and `range_end` of the create request. */
  readonly range: object;
  /** The first revision that has not been delivered. */
  readonly next: number;
  readonly handler: KvWatchHandler;
}

export interface WatchEnd {
  /** The first revision that has not been delivered. */
  readonly next: number;
  readonly fault: EtcdFault;
  /** onConnected was called. */
  readonly connected: boolean;
  /** Above 0: history up to it is gone, with `next` in it. */
  readonly compactRevision: number;
}

/**
 * One watch, from its request to its end; a new one is made for every attempt, so nothing of an older one can reach the
 * handler.
 *
 *     requested → watching → ended
 */
export class Watch {
  /** Resolves at the end. Rejects with what the handler threw: a bug, which is not to vanish in the stream. */
  readonly ended: Promise<WatchEnd>;
  private next: number;
  private connected = false;
  private compactRevision = 0;
  private over = false;
  private resolve: (end: WatchEnd) => void = () => undefined;
  private reject: (bug: unknown) => void = () => undefined;

  constructor(private readonly options: WatchOptions) {
    this.next = options.next;
    this.ended = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get hasEnded(): boolean {
    return this.over;
  }

  /** etcd's WatchCreateRequest. Without `fragment`: it splits long answers in quadratic time (24 s for 184,000 events; whole, under 2 s). */
  get request(): object {
    return { ...this.options.range, start_revision: this.next, progress_notify: true };
  }

  receive(answer: WatchAnswer): void {
    if (this.over) return;
    try {
      if (answer.canceled) this.canceled(answer);
      else if (!answer.created || this.created(answer.revision)) this.deliver(answer);
    } catch (bug) {
      this.over = true;
      this.reject(bug);
    }
  }

  /** The first reason counts. */
  end(fault: EtcdFault): void {
    if (this.over) return;
    this.over = true;
    const { next, connected, compactRevision } = this;
    this.resolve({ next, fault, connected, compactRevision });
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
}

function revisionOf(event: KvEvent): number {
  return event.type === 'put' ? event.entry.modRevision : event.modRevision;
}
