import type { ReadinessSource, ReadinessStatus } from '../../common/readiness-source.js';
import type { DesiredState } from './desired-state.js';
import type { MirrorService } from './mirror.service.js';
import type { MirrorTable } from './mirror-table.js';
import type { Scope } from './scope.js';

/** Says in plain words what each scope waits for on its way to its canary. */
export class MirrorReadiness implements ReadinessSource {
  constructor(
    private readonly table: MirrorTable,
    private readonly desired: DesiredState,
    private readonly mirror: MirrorService,
    private readonly startedAt: number,
  ) {}

  readiness(): readonly ReadinessStatus[] {
    const waiting = this.mirror.waitingFor();
    return [...this.table.canaries.keys()].map((name) => {
      const scope = this.desired.scope(name);
      const ready = !waiting.has(name);
      return {
        scope: name,
        ready,
        waitingFor: ready ? '' : this.reason(scope),
        since: scope.phaseSince === 0 ? this.startedAt : scope.phaseSince,
      };
    });
  }

  private reason(scope: Scope): string {
    if (!this.mirror.loaded) return 'etcd to be connected and to tell what a previous run left';
    switch (scope.phase) {
      case 'waiting':
        return `the first complete list from Kubernetes (${scope.owners.size} objects so far)`;
      case 'writing':
        return `etcd to acknowledge ${scope.firstSyncPending} keys`;
      case 'synced':
        return 'etcd to acknowledge the canary';
    }
  }
}
