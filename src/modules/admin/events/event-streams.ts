import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../common/clock.js';
import type { Status, StatusReport } from '../status/status-report.js';
import { EventStream } from './event-stream.js';
import type { EventRing } from './event-ring.js';
import { fullUpdate, StatusFeed } from './status-feed.js';
import type { StatusWatch } from './status-watch.js';

export interface EventStreamsOptions {
  readonly ring: EventRing;
  readonly watch: Pick<StatusWatch, 'listen'>;
  readonly report: Pick<StatusReport, 'status'>;
  readonly clock: Clock;
}

export interface StreamRequest {
  /** `Last-Event-ID`. */
  readonly after?: string;
  /** `status` messages too: whole at first, then what is new at each look. */
  readonly status: boolean;
}

const maxStreams = 16;
const retryMs = 2000;
const life = { silentMs: 15_000, stuckMs: 30_000 };

/** Everybody who listens to `GET /events`. Without listeners it costs nothing. */
export class EventStreams {
  private readonly streams = new Set<EventStream>();
  private readonly statusReaders = new Set<EventStream>();
  private feed = new StatusFeed();
  private stopWatching: (() => void) | undefined;

  constructor(private readonly options: EventStreamsOptions) {}

  /** False when too many listen already; nothing has been sent then. */
  open(response: ServerResponse, { after, status }: StreamRequest): boolean {
    if (this.streams.size >= maxStreams) return false;
    const { ring, clock, watch } = this.options;
    const stream = new EventStream(response, () => clock.monotonic());
    this.streams.add(stream);
    stream.retryAfter(retryMs);
    const { events, missed } = ring.after(after);
    if (missed > 0) stream.send({ missed }, { event: 'missed' });
    for (const event of events) stream.send(event, { id: event.id });
    const stopListening = ring.listen((event) => stream.send(event, { id: event.id }));
    if (status) this.addStatusReader(stream);
    this.stopWatching ??= watch.listen((looked) => this.looked(looked));
    response.once('close', () => {
      stopListening();
      this.remove(stream);
    });
    return true;
  }

  /** How many listen. */
  get size(): number {
    return this.streams.size;
  }

  private addStatusReader(stream: EventStream): void {
    this.statusReaders.add(stream);
    // At once: a page that was opened is not to wait for the next look.
    this.sendFull(stream, this.options.report.status());
  }

  private remove(stream: EventStream): void {
    this.streams.delete(stream);
    this.statusReaders.delete(stream);
    if (this.statusReaders.size === 0) this.feed = new StatusFeed();
    if (this.streams.size > 0) return;
    this.stopWatching?.();
    this.stopWatching = undefined;
  }

  private looked(status: Status): void {
    if (this.statusReaders.size > 0) this.sendStatus(status);
    for (const stream of this.streams) stream.tick(life);
  }

  private sendStatus(status: Status): void {
    const update = this.feed.update(this.options.clock.now(), status);
    for (const stream of this.statusReaders) {
      if (!stream.ready) stream.needsFullStatus = true;
      else if (stream.needsFullStatus) this.sendFull(stream, status);
      else stream.send(update, { event: 'status' });
    }
  }

  private sendFull(stream: EventStream, status: Status): void {
    stream.send(fullUpdate(this.options.clock.now(), status), { event: 'status' });
    stream.needsFullStatus = false;
  }
}
