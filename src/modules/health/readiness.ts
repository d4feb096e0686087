import type { Clock } from '../../common/clock.js';
import type { ReadinessSource, ReadinessStatus } from '../../common/readiness-source.js';

export interface StandbySource {
  isStandby(): boolean;
}

/**
 * Whether the first synchronisation is complete. Once it is, it stays so: agents read from us through every outage, and the
 * original never takes its readiness back (spec/k8s-sync.md §3). A standby is ready too: were it not, a rolling update would
 * wait for it for ever while the old leader leads, and the keys that agents read are there, written by the leader.
 */
export class Readiness {
  private since: number | undefined;

  constructor(
    private readonly sources: readonly ReadinessSource[],
    private readonly clock: Clock,
    private readonly standby?: StandbySource,
  ) {}

  /** When the program was first seen ready, ms since the epoch. */
  get readySince(): number | undefined {
    return this.since;
  }

  isReady(): boolean {
    if (this.since === undefined && (this.standby?.isStandby() || this.report().every(({ ready }) => ready)))
      this.since = this.clock.now();
    return this.since !== undefined;
  }

  report(): readonly ReadinessStatus[] {
    return this.sources.flatMap((source) => source.readiness());
  }
}
