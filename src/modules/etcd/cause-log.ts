import type { Clock } from '../../common/clock.js';
import type { Log, LogFields } from '../../common/log.js';

const firstRepeatMs = 60_000;
const maxRepeatMs = 30 * 60_000;

/** Warns of each distinct cause at once, and of the same again after 1, 2, 4 … at most 30 minutes: loud, but no flood. */
export class CauseLog {
  private readonly causes = new Map<string, { again: number; pause: number }>();

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  warn(message: string, fields: LogFields & { readonly error: Error }): void {
    // Durations differ from one timeout to the next, which makes no new cause.
    const cause = `${message}\n${fields.error.message.replace(/\d+(\.\d+)?s\b/g, '…s')}`;
    const now = this.clock.monotonic();
    const known = this.causes.get(cause);
    if (known && now < known.again) return;
    const pause = known ? Math.min(known.pause * 2, maxRepeatMs) : firstRepeatMs;
    this.causes.set(cause, { again: now + pause, pause });
    this.log.warn(message, fields);
  }

  /** All is well: the next failure is news again. */
  reset(): void {
    this.causes.clear();
  }
}
