import type { MirrorDiff } from '../../mirror/mirror-api.js';
import type { DiffReport, DiffRequest } from '../../mirror/diff.js';

const maxWaiting = 4;

/** Comparisons one at a time: each reads all that etcd holds of the scopes. */
export class DiffTurns {
  private readonly abort = new AbortController();
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(private readonly mirror: MirrorDiff) {}

  /** Undefined when too many wait. Rejects as MirrorDiff does. */
  run(request: DiffRequest): Promise<DiffReport> | undefined {
    if (this.waiting >= maxWaiting) return undefined;
    this.waiting++;
    const signal = AbortSignal.any([this.abort.signal]);
    const report = this.last.then(() => this.mirror.diff(request, signal));
    this.last = report.then(
      () => this.waiting--,
      () => this.waiting--,
    );
    return report;
  }

  async onModuleDestroy(): Promise<void> {
    this.abort.abort();
    await this.last;
  }
}
