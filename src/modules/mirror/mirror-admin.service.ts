import { textOf } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { DesiredState } from './desired-state.js';
import { Diff, type DiffReport, type DiffRequest } from './diff.js';
import type { Drift, RepairTally } from './drift.js';
import type { MirrorDiff, MirrorResync, MirrorStatus, ResyncRequest, ScopeStatus } from './mirror-api.js';
import type { MirrorService } from './mirror.service.js';
import type { MirrorTable } from './mirror-table.js';
import { Resync, type ResyncReport } from './resync.js';
import type { Scope } from './scope.js';
import type { StoredState } from './stored-state.js';

/** Lists a scope's source afresh; resolves to the number of objects when the desired state has been brought up to date. */
export type Relist = (scope: string, signal: AbortSignal) => Promise<number>;

export interface MirrorAdminOptions {
  readonly table: MirrorTable;
  readonly desired: DesiredState;
  readonly stored: StoredState;
  readonly drift: Pick<Drift, 'repairs'>;
  readonly mirror: Pick<MirrorService, 'canaryStored'>;
  readonly clock: Clock;
}

/** What /status, /diff, /resync and /events see of the mirror. */
export class MirrorAdmin implements MirrorStatus, MirrorResync, MirrorDiff {
  private relist: Relist | undefined;
  private readonly followers: (() => void)[] = [];

  constructor(private readonly options: MirrorAdminOptions) {}

  /** Called by the source when it runs. */
  connect(relist: Relist): void {
    this.relist = relist;
  }

  /** Something beside the mirror that a resync of everything covers too: it looks at all that it keeps, in the background. */
  follow(recheck: () => void): void {
    this.followers.push(recheck);
  }

  scopes(): readonly ScopeStatus[] {
    return [...this.options.desired.scopes.values()]
      .filter((scope) => !scope.express)
      .map((scope) => this.status(scope));
  }

  repairs(): readonly RepairTally[] {
    return this.options.drift.repairs();
  }

  refusedKey({ scope: label, cluster }: Pick<ScopeStatus, 'scope' | 'cluster'>): string | undefined {
    for (const scope of this.options.desired.scopes.values()) {
      if (scope.label !== label || scope.spec.cluster !== cluster || scope.refused === 0) continue;
      for (const record of scope.records.values()) if (record.refused) return textOf(record.key);
    }
    return undefined;
  }

  async resync(request: ResyncRequest, signal: AbortSignal): Promise<ResyncReport> {
    const relist = this.relist;
    if (!relist) throw new Error('not started yet: the source has not been connected');
    const { desired, stored, clock, table } = this.options;
    if (!request.scopes && !request.dryRun) for (const recheck of this.followers) recheck();
    const scopes = request.scopes ?? [...table.canaries.keys()];
    return new Resync({ desired, stored, clock, relist }).run(scopes, request.dryRun, signal);
  }

  diff(request: DiffRequest, signal: AbortSignal): Promise<DiffReport> {
    const { desired, stored, clock, table } = this.options;
    const areas = table.areas?.(desired) ?? [...desired.scopes.values()];
    return new Diff({ areas, stored, clock }, request).run(signal);
  }

  private status(scope: Scope): ScopeStatus {
    const canary = this.options.mirror.canaryStored(scope.name);
    return {
      scope: scope.label,
      ...(scope.spec.cluster === undefined ? {} : { cluster: scope.spec.cluster }),
      keys: scope.records.size,
      dirty: scope.dirty.size,
      inFlight: scope.inFlight,
      refused: scope.refused,
      synced: scope.phase === 'synced',
      ...(canary === undefined ? {} : { canary }),
    };
  }
}
