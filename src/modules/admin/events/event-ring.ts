import type { AdminEvent, EventDraft } from './admin-event.js';

export type EventListener = (event: AdminEvent) => void;

/** What a reader has not seen yet. */
export interface Unseen {
  readonly events: readonly AdminEvent[];
  /** Events that the ring has forgotten since the reader's last one; 0 also when the reader knows another life of the process. */
  readonly missed: number;
}

/** The latest events, oldest first, and who listens for more. Its memory is bounded by the number kept. */
export class EventRing {
  private readonly kept: AdminEvent[] = [];
  private readonly listeners = new Set<EventListener>();
  private last = 0;

  /** @param boot tells this life of the process from others; no dot in it. */
  constructor(
    private readonly boot: string,
    private readonly capacity = 500,
  ) {}

  append({ topic: _topic, ...rest }: EventDraft): void {
    const event: AdminEvent = { id: `${this.boot}.${++this.last}`, ...rest };
    this.kept.push(event);
    if (this.kept.length > this.capacity) this.kept.shift();
    for (const listener of this.listeners) listener(event);
  }

  all(): readonly AdminEvent[] {
    return [...this.kept];
  }

  /** After the event of this id. An id of another life, or none that we gave, means everything. */
  after(id: string | undefined): Unseen {
    const [boot, number = ''] = (id ?? '').split('.', 2);
    const seen = boot === this.boot && /^\d{1,15}$/.test(number) ? Number(number) : undefined;
    if (seen === undefined || seen > this.last) return { events: this.all(), missed: 0 };
    const unseen = this.last - seen;
    const events = unseen === 0 ? [] : this.kept.slice(-unseen);
    return { events, missed: unseen - events.length };
  }

  /** Called in the order of the events, in the call that appends. Returns how to stop. */
  listen(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
