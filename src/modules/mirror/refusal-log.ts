import type { Bytes } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';

const sameMs = 60_000;
const most = 1000;

/** A key that is refused again and again, with ever other values, is worth a line once a minute. */
export class RefusalLog {
  private readonly toldAt = new Map<Bytes, number>();

  constructor(private readonly clock: Clock) {}

  isNews(key: Bytes): boolean {
    const now = this.clock.monotonic();
    const told = this.toldAt.get(key);
    if (told !== undefined && now - told < sameMs) return false;
    if (this.toldAt.size >= most) this.toldAt.clear();
    this.toldAt.set(key, now);
    return true;
  }
}
