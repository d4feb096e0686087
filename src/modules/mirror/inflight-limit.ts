/** An etcd on a fast disk is busy with so many transactions at once (measured: more are no faster). */
const usual = 4;
/** What is in flight is held in memory, up to 1 MiB each, and etcd has it to do before a key that comes later. */
const most = 32;
/**
 * How much longer than the fastest one answers may take on average. On a slow disk one that comes during a write waits for that
 * write and its own, twice as long as the fastest; the rest is room for a busy machine.
 */
const tolerance = 3;

/**
 * How many transactions may be under way at once. It starts with as many as keep an etcd on a fast disk busy, and is reckoned
 * anew after as many answers: while etcd answers about as fast as at its best, its time goes into waiting for a slow disk or the
 * network, which transactions can share, and more may go; when answers get slower, they wait for each other, and fewer
 * may (the gradient of Netflix' concurrency-limits).
 */
export class InflightLimit {
  private limit: number;
  /** The fastest answer since reset(), ms. */
  private fastest = Infinity;
  private answers = 0;
  private total = 0;

  constructor(
    private readonly least: number,
    private readonly most: number,
  ) {
    this.limit = least;
  }

  /** @param maxInflight as the user wants it (`etcd.maxInflight`). */
  static upTo(maxInflight: number): InflightLimit {
    const limit = Math.max(1, Math.min(maxInflight, most));
    return new InflightLimit(Math.min(limit, usual), limit);
  }

  get current(): number {
    return Math.trunc(this.limit);
  }

  /**
   * A transaction of usual size was answered after `ms`.
   * @param busy it was sent when as many were under way as may be.
   */
  answered(ms: number, busy: boolean): void {
    this.fastest = Math.min(this.fastest, ms);
    if (!busy) return;
    this.total += ms;
    if (++this.answers < this.limit) return;
    const mean = this.total / this.answers;
    const gradient = mean > 0 ? Math.min(1, (tolerance * this.fastest) / mean) : 1;
    const next = this.limit * gradient + Math.sqrt(this.limit);
    this.limit = Math.max(this.least, Math.min(this.most, next));
    this.answers = this.total = 0;
  }

  /** After a failure or a rest: what was learned may hold no longer. */
  reset(): void {
    this.limit = this.least;
    this.fastest = Infinity;
    this.answers = this.total = 0;
  }
}
