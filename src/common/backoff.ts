export interface BackoffOptions {
  /** First ceiling, ms. */
  readonly baseMs: number;
  /** No delay is longer, ms. */
  readonly maxMs: number;
  /** Growth of the ceiling with each attempt, default 2. Used by full jitter. */
  readonly factor?: number;
  /**
   * full: uniform in 0..ceiling, where the ceiling grows by the factor.
   * decorrelated: uniform in base..3 × the last delay; never shorter than base.
   * none: the ceiling itself.
   */
  readonly jitter: 'full' | 'decorrelated' | 'none';
  /** Uniform in [0, 1), for instance Math.random. */
  readonly random: () => number;
}

/** Delays between attempts, growing until reset() says that one succeeded. Waits for nothing itself. */
export class Backoff {
  private failures = 0;
  private last = 0;

  constructor(private readonly options: BackoffOptions) {}

  /** Attempts since the last reset. */
  get attempts(): number {
    return this.failures;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    this.last = Math.min(this.options.maxMs, this.delay());
    this.failures++;
    return this.last;
  }

  reset(): void {
    this.failures = 0;
    this.last = 0;
  }

  private delay(): number {
    const { baseMs, maxMs, jitter, random } = this.options;
    if (jitter === 'decorrelated')
      return baseMs + random() * Math.max(0, Math.max(baseMs, this.last) * 3 - baseMs);
    const ceiling = Math.min(maxMs, baseMs * (this.options.factor ?? 2) ** this.failures);
    return jitter === 'full' ? random() * ceiling : ceiling;
  }
}
