import type { Clock } from '../../common/clock.js';
import { Wakeup } from '../../common/wakeup.js';
import type { MirrorService } from '../mirror/mirror.service.js';
import type { CachedType } from './cached-type.js';

export interface EntryAuditOptions {
  readonly mirror: Pick<MirrorService, 'caughtUp'>;
  readonly clock: Clock;
}

/** How long the audit lets copying go first, and how often it looks whether that is done. ms */
const patienceMs = 30_000;
const pollMs = 50;
/** For so long at a time nothing else runs, ms. */
const sliceMs = 5;

/**
 * Checks the entries of complete lists for what agents will skip. It only tells, so it comes after what agents wait for: the
 * copying, which it would make a tenth slower. What changes later is checked as it comes.
 */
export class EntryAudit {
  private readonly waiting = new Map<CachedType, number>();
  private readonly wakeup = new Wakeup();

  constructor(private readonly options: EntryAuditOptions) {}

  /** The list of this type is complete. */
  add(type: CachedType): void {
    if (!this.waiting.has(type)) this.waiting.set(type, this.options.clock.monotonic());
    this.wakeup.wake();
  }

  /** Resolves on abort. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    while (!signal.aborted) {
      const [next] = this.waiting;
      if (!next) {
        await this.wakeup.wait(signal);
      } else if (this.mayBegin(next[1])) {
        this.waiting.delete(next[0]);
        // Of a connection that is over, its next list comes here again.
        if (next[0].synced) await this.check(next[0], signal);
      } else {
        await clock.sleep(pollMs, signal);
      }
    }
  }

  private mayBegin(since: number): boolean {
    const { mirror, clock } = this.options;
    return mirror.caughtUp || clock.monotonic() - since >= patienceMs;
  }

  private async check(type: CachedType, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    let sliceEnds = clock.monotonic() + sliceMs;
    const steps = type.checks();
    while (steps.next().done !== true) {
      if (clock.monotonic() < sliceEnds) continue;
      await clock.sleep(0, signal);
      if (signal.aborted) return;
      sliceEnds = clock.monotonic() + sliceMs;
    }
  }
}
