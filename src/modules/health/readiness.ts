import type { Clock } from '../../common/clock.js';
import type { ReadinessSource, ReadinessStatus } from '../../common/readiness-source.js';

/**
 * Whether the first synchronisation is complete. Once it is, it stays so: agents read from us through every outage, and the
 * original never takes its readiness back (spec/k8s-sync.md §3).
 */
export class Readiness {
  private since: number | undefined;

  constructor(
    private readonly sources: readonly ReadinessSource[],
    private readonly clock: Clock,
  ) {}

  /** When the program was first seen ready, ms since the epoch. */
  get readySince(): number | undefined {
    return this.since;
  }

  isReady(): boolean {
    if (this.since === undefined && this.report().every((status) => status.ready))
      this.since = this.clock.now();
    return this.since !== undefined;
  }

  report(): readonly ReadinessStatus[] {
    return this.sources.flatMap((source) => source.readiness());
  }
}
