/** A main loop that could hang through a bug. */
export interface LivenessStatus {
  readonly loop: string;
  /**
   * How long the loop has had work that it could do and did none of it, ms. 0 while it is idle, and 0 while it waits for an
   * outage to end: a restart would cure neither.
   */
  readonly stuckMs: number;
}

export interface LivenessSource {
  liveness(): readonly LivenessStatus[];
}

export const LIVENESS_SOURCES = Symbol('LivenessSources');
