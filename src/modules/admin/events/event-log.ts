import type { Clock } from '../../../common/clock.js';
import type { EventDraft } from './admin-event.js';
import { EventDamper } from './event-damper.js';
import type { EventRing } from './event-ring.js';

/** Where everything that happened goes: into the ring, or held back while more of the same comes. */
export class EventLog {
  private readonly damper = new EventDamper();

  constructor(
    readonly ring: EventRing,
    private readonly clock: Clock,
  ) {}

  record(draft: EventDraft): void {
    const event = this.damper.offer(draft, this.clock.monotonic());
    if (event) this.ring.append(event);
  }

  /** Lets go what was held for long enough. To be called about once a second. */
  release(): void {
    for (const event of this.damper.due(this.clock.monotonic())) this.ring.append(event);
  }
}
