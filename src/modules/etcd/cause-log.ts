import type { Clock } from '../../common/clock.js';
import type { Log, LogFields } from '../../common/log.js';

const firstRepeatMs = 60_000;
const maxRepeatMs = 30 * 60_000;
/** Of one log; a peer that words each failure differently has one cause more, which is the rest of them. */
const maxCauses = 20;
/** A peer decides how long its words are. */
const maxLength = 300;

/** Warns of each distinct cause at once, and of the same again after 1, 2, 4 … at most 30 minutes: loud, but no flood. */
export class CauseLog {
  private readonly causes = new Map<string, { again: number; pause: number }>();

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  warn(message: string, fields: LogFields & { readonly error: Error }): void {
    const cause = this.cause(message, fields.error);
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

  private cause(message: string, error: Error): string {
    const cause = `${message}\n${withoutTimes(error.message.slice(0, maxLength))}`;
    return this.causes.has(cause) || this.causes.size < maxCauses ? cause : message;
  }
}

/** Durations and points in time differ from one failure to the next, which makes no new cause. */
function withoutTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…').replace(/\d+(\.\d+)?( ?m?s)\b/g, '…$2');
}
