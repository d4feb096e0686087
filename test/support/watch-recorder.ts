import type { KvEvent, KvWatchHandler } from '../../src/modules/etcd/kv.js';

/** A watch handler that keeps what it hears, as short texts. */
export class WatchRecorder implements KvWatchHandler {
  /** `put k=v`, `create k=v`, `delete k`, in the order of delivery. */
  readonly events: string[] = [];
  /** Of each event, alike. */
  readonly revisions: number[] = [];
  /** `connected`, `disconnected`, `compacted`. */
  readonly life: string[] = [];
  readonly causes: Error[] = [];
  /** What onCompacted answers. */
  reread: () => Promise<number> = () => Promise.resolve(0);

  onEvents(events: readonly KvEvent[]): void {
    for (const event of events) {
      this.events.push(describe(event));
      this.revisions.push(event.type === 'put' ? event.entry.modRevision : event.modRevision);
    }
  }

  onConnected(): void {
    this.life.push('connected');
  }

  onDisconnected(cause: Error): void {
    this.life.push('disconnected');
    this.causes.push(cause);
  }

  onCompacted(): Promise<number> {
    this.life.push('compacted');
    return this.reread();
  }

  times(what: string): number {
    return this.life.filter((entry) => entry === what).length;
  }
}

function describe(event: KvEvent): string {
  if (event.type === 'delete') return `delete ${event.key}`;
  return `${event.created ? 'create' : 'put'} ${event.entry.key}=${event.entry.value}`;
}
