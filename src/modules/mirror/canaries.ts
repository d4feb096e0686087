import { type Bytes, bytesOf } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import { rfc3339 } from '../../common/rfc3339.js';
import type { DesiredState } from './desired-state.js';
import type { KeyRecord } from './key-record.js';
import type { Scope } from './scope.js';

export const CANARY_SCOPE = 'synced';

export interface CanariesOptions {
  readonly desired: DesiredState;
  readonly clock: Clock;
  /** Canary key of each scope that readiness waits for. */
  readonly keys: ReadonlyMap<string, Bytes>;
  /** Once, when every canary has been acknowledged. */
  readonly onAllWritten: () => void;
}

/**
 * The keys under `cilium/synced/<C>/` that tell a remote agent that a prefix is complete. Written once a process after the
 * scope's first sync; one that the previous run left on a living lease is true already and stays as it is.
 */
export class Canaries {
  private readonly missing: Set<string>;

  constructor(private readonly options: CanariesOptions) {
    this.missing = new Set(options.keys.keys());
    options.desired.listen({ onDirty: () => undefined, onSettled: (record) => this.settled(record) });
  }

  write(synced: Scope): void {
    const { desired, clock, keys } = this.options;
    const key = keys.get(synced.name);
    if (key === undefined) return;
    const scope = desired.scope(CANARY_SCOPE);
    const value = scope.records.get(key)?.have ?? bytesOf(rfc3339(clock.now()));
    desired.replace(scope, synced.name, [{ key, value }]);
    const record = scope.records.get(key);
    if (record && !record.dirty) this.settled(record);
  }

  /** Scopes whose canary etcd has not acknowledged yet. */
  waitingFor(): readonly string[] {
    return [...this.missing];
  }

  private settled(record: KeyRecord): void {
    if (record.scope.name !== CANARY_SCOPE || record.owner === undefined) return;
    if (this.missing.delete(record.owner) && this.missing.size === 0) this.options.onAllWritten();
  }
}
