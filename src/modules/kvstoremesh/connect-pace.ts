import { Backoff } from '../../common/backoff.js';

/** After 0.2 – 0.6 s first, then up to this, ms. */
const maxPauseMs = 30_000;

export interface ConnectPaceOptions {
  /** How long a connection must have lasted to count as a good one, ms. */
  readonly steadyMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * How long one remote cluster waits for its next attempt to connect: longer from failure to failure. A connection that comes
 * about and breaks at once is a failure, too: a cluster that flaps must not be called on twice a second for ever.
 */
export class ConnectPace {
  private readonly backoff: Backoff;

  constructor(private readonly options: ConnectPaceOptions) {
    const { random } = options;
    this.backoff = new Backoff({ baseMs: 200, maxMs: maxPauseMs, jitter: 'decorrelated', random });
  }

  /** Something has changed: no grudge is borne. */
  reset(): void {
    this.backoff.reset();
  }

  /** @param lastedMs how long the last connection was of use, 0 when none came about. @returns ms to wait. */
  pauseAfter(lastedMs: number): number {
    if (lastedMs >= this.options.steadyMs) this.backoff.reset();
    return this.backoff.next();
  }
}
