/** All ms. */
export interface ReflectorTiming {
  /** A watch is asked to end after a random time between these, so that not all reconnect at once. */
  readonly watchMinMs: number;
  readonly watchMaxMs: number;
  /** A watch that goes on for so long after its end is cut. */
  readonly graceMs: number;
  /** Without a byte for so long a connection is dead: bookmarks come every minute. */
  readonly silenceMs: number;
  /** A watch that ends sooner without an event counts as failed. */
  readonly shortWatchMs: number;
  /** A watch that lasted so long ends a series of failures, even without events. */
  readonly healthyWatchMs: number;
  readonly backoffBaseMs: number;
  /** Less than client-go's 30 s: there is one of us, and what is watched ages meanwhile. */
  readonly backoffMaxMs: number;
  /** Ceiling of the wait after a failure without an answer, which costs the API server nothing. */
  readonly connectBackoffMaxMs: number;
  /** Until an answer begins; the API server itself gives a list up after 60 s. */
  readonly headersMs: number;
}

export const defaultReflectorTiming: ReflectorTiming = {
  watchMinMs: 300_000,
  watchMaxMs: 600_000,
  graceMs: 5_000,
  silenceMs: 180_000,
  shortWatchMs: 1_000,
  healthyWatchMs: 120_000,
  backoffBaseMs: 400,
  backoffMaxMs: 10_000,
  connectBackoffMaxMs: 3_000,
  headersMs: 90_000,
};
