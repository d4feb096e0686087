import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { DesiredState } from './desired-state.js';
import type { KeyRecord } from './key-record.js';
import type { Scope } from './scope.js';

export interface FirstSyncOptions {
  readonly desired: DesiredState;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once a scope, when every key of its first list has been acknowledged: the place to write its canary. */
  readonly onSynced: (scope: Scope) => void;
}

/**
 * Follows each scope from `waiting` over `writing` to `synced` (invariant I2). The source calls listed() when its first list
 * has been projected completely; the keys that are not right in etcd at that moment are the ones to wait for.
 */
export class FirstSync {
  constructor(private readonly options: FirstSyncOptions) {
    options.desired.listen({ onDirty: () => undefined, onSettled: (record) => this.settled(record) });
  }

  listed(scope: Scope): void {
    if (scope.phase !== 'waiting') return;
    this.enter(scope, 'writing');
    this.options.desired.sweep(scope);
    for (const record of scope.records.values()) {
      if (!record.dirty && !record.inFlight) continue;
      record.firstSync = true;
      scope.firstSyncPending++;
    }
    this.completeIfDone(scope);
  }

  private settled(record: KeyRecord): void {
    if (!record.firstSync) return;
    record.firstSync = false;
    record.scope.firstSyncPending--;
    this.completeIfDone(record.scope);
  }

  private completeIfDone(scope: Scope): void {
    if (scope.phase !== 'writing' || scope.firstSyncPending > 0) return;
    this.enter(scope, 'synced');
    this.options.log.info('Initial synchronization from the external source completed', {
      prefix: scope.name,
    });
    this.options.onSynced(scope);
  }

  private enter(scope: Scope, phase: Scope['phase']): void {
    scope.phase = phase;
    scope.phaseSince = this.options.clock.now();
  }
}
