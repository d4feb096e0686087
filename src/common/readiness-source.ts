/** One thing that the program waits for before it calls itself ready. */
export interface ReadinessStatus {
  /** `ip/v1`. */
  readonly scope: string;
  readonly ready: boolean;
  /** In plain words, `first list of ciliumendpoints (12034 objects so far)`; '' when ready. */
  readonly waitingFor: string;
  /** When it began to wait for that, or became ready; ms since the epoch. */
  readonly since: number;
}

/** Must name all that it waits for from the beginning: what is not named is not waited for. */
export interface ReadinessSource {
  readiness(): readonly ReadinessStatus[];
}

export const READINESS_SOURCES = Symbol('ReadinessSources');
