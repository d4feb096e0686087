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
  /** Whenever the last canary that was missing has been acknowledged. */
  readonly onAllWritten: () => void;
}

/** Where the canary of a scope stands. */
interface Canary {
  readonly scope: Scope;
  readonly key: Bytes;
}

/**
 * The keys under `cilium/synced/<C>/` that tell a remote agent that a prefix is complete. Written once a process after the
 * scope's first sync; one that the previous run left on a living lease is true already and stays as it is.
 */
export class Canaries {
  private readonly known = new Map<string, Canary>();
  private readonly missing = new Set<string>();

  constructor(private readonly options: CanariesOptions) {
    options.desired.listen({ onDirty: () => undefined, onSettled: (record) => this.settled(record) });
  }

  /** `scope`, once synced, shall have this canary. */
  expect(scope: string, key: Bytes, canaryScope: string = CANARY_SCOPE): void {
    this.known.set(scope, { key, scope: this.options.desired.scope(canaryScope) });
    this.missing.add(scope);
  }

  /** The scope goes away: its canary goes first, as readers must not trust what is about to vanish. */
  withdraw(scope: string): void {
    const canary = this.known.get(scope);
    if (!canary) return;
    this.known.delete(scope);
    this.missing.delete(scope);
    this.options.desired.remove(canary.scope, scope);
  }

  write(synced: Scope): void {
    const { desired, clock } = this.options;
    const canary = this.known.get(synced.name);
    if (!canary) return;
    const { key, scope } = canary;
    const value = scope.records.get(key)?.have ?? bytesOf(rfc3339(clock.now()));
    desired.replace(scope, synced.name, [{ key, value }]);
    const record = scope.records.get(key);
    if (record && !record.dirty) this.settled(record);
  }

  /** Whether etcd is known to hold the scope's canary now; undefined for a scope without one. */
  isStored(scope: string): boolean | undefined {
    const canary = this.known.get(scope);
    if (!canary) return undefined;
    const record = canary.scope.records.get(canary.key);
    return record !== undefined && record.want !== null && record.want === record.have;
  }

  /** Scopes whose canary etcd has not acknowledged yet. */
  waitingFor(): ReadonlySet<string> {
    return this.missing;
  }

  private settled(record: KeyRecord): void {
    if (record.owner === undefined || this.known.get(record.owner)?.key !== record.key) return;
    if (this.missing.delete(record.owner) && this.missing.size === 0) this.options.onAllWritten();
  }
}
