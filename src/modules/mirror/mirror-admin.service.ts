import type { Clock } from '../../common/clock.js';
import type { MirrorResync, MirrorStatus, ResyncRequest, ScopeStatus } from './mirror-api.js';
import type { DesiredState } from './desired-state.js';
import type { MirrorTable } from './mirror-table.js';
import { Resync, type ResyncReport } from './resync.js';
import type { Scope } from './scope.js';
import type { StoredState } from './stored-state.js';

/** Lists a scope's source afresh; resolves to the number of objects when the desired state has been brought up to date. */
export type Relist = (scope: string, signal: AbortSignal) => Promise<number>;

/** What /status and /resync see of the mirror. */
export class MirrorAdmin implements MirrorStatus, MirrorResync {
  private relist: Relist | undefined;
  private readonly followers: (() => void)[] = [];

  constructor(
    private readonly table: MirrorTable,
    private readonly desired: DesiredState,
    private readonly stored: StoredState,
    private readonly clock: Clock,
  ) {}

  /** Called by the source when it runs. */
  connect(relist: Relist): void {
    this.relist = relist;
  }

  /** Something beside the mirror that a resync of everything covers too: it looks at all that it keeps, in the background. */
  follow(recheck: () => void): void {
    this.followers.push(recheck);
  }

  scopes(): readonly ScopeStatus[] {
    return [...this.desired.scopes.values()].filter((scope) => !scope.express).map(status);
  }

  async resync(request: ResyncRequest, signal: AbortSignal): Promise<ResyncReport> {
    const relist = this.relist;
    if (!relist) throw new Error('not started yet: the source has not been connected');
    const { desired, stored, clock } = this;
    if (!request.scopes && !request.dryRun) for (const recheck of this.followers) recheck();
    const scopes = request.scopes ?? [...this.table.canaries.keys()];
    return new Resync({ desired, stored, clock, relist }).run(scopes, request.dryRun, signal);
  }
}

function status(scope: Scope): ScopeStatus {
  return {
    scope: scope.label,
    ...(scope.spec.cluster === undefined ? {} : { cluster: scope.spec.cluster }),
    keys: scope.records.size,
    dirty: scope.dirty.size,
    inFlight: scope.inFlight,
    refused: scope.refused,
    synced: scope.phase === 'synced',
  };
}
