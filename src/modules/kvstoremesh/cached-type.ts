import { type Bytes, bytesOf, joined } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { DesiredState } from '../mirror/desired-state.js';
import type { Scope } from '../mirror/scope.js';
import { entryFault, type EntryContext } from './entry-check.js';
import { localPrefix, type MeshType } from './mesh-keys.js';

/** What a type of a cluster is doing on the present connection. */
export type TypeState = 'idle' | 'waiting for the canary' | 'listing' | 'watching';

export interface CachedTypeOptions {
  readonly type: MeshType;
  readonly cluster: string;
  readonly scope: Scope;
  readonly desired: DesiredState;
  readonly clock: Clock;
  /** An entry that agents will skip; told once as long as it stays wrong in the same way. */
  readonly onFault: (type: MeshType, key: Bytes, fault: string) => void;
}

/** The copy of one type of one cluster. It outlives connections: what was copied stays until a new list says otherwise. */
export class CachedType {
  private current: TypeState = 'idle';
  private enteredAt: number;
  private readonly prefix: Bytes;
  private readonly faults = new Map<Bytes, string>();
  private context: EntryContext | undefined;

  constructor(private readonly options: CachedTypeOptions) {
    this.prefix = localPrefix(options.type, options.cluster);
    this.enteredAt = options.clock.now();
  }

  get state(): TypeState {
    return this.current;
  }

  /** When the state was entered, ms since the epoch. */
  get since(): number {
    return this.enteredAt;
  }

  /** A list is being read or is followed by a watch: the copy lives. */
  get followed(): boolean {
    return this.current === 'listing' || this.current === 'watching';
  }

  enter(state: TypeState): void {
    if (state === this.current) return;
    this.current = state;
    this.enteredAt = this.options.clock.now();
  }

  get type(): MeshType {
    return this.options.type;
  }

  get scope(): Scope {
    return this.options.scope;
  }

  /** The list of the present connection is complete. */
  get synced(): boolean {
    return this.state === 'watching';
  }

  /** Keys that the remote holds, as far as we know. */
  get size(): number {
    return this.scope.owners.size;
  }

  /** Entries that agents skip. */
  get faulty(): number {
    return this.faults.size;
  }

  /** What entries must agree with; from a configuration that has just been read. */
  expect(clusterId: number, maxConnectedClusters: number): void {
    this.faults.clear();
    this.context = { cluster: bytesOf(this.options.cluster), clusterId, maxConnectedClusters };
  }

  /** @returns the local key. */
  put(suffix: Bytes, value: Bytes): Bytes {
    const { desired, scope, clock } = this.options;
    const key = joined(this.prefix, suffix);
    desired.replace(scope, key, [{ key, value }], scope.phase === 'waiting' ? 0 : clock.monotonic());
    // Those of a list are checked when it is complete: see EntryAudit.
    if (this.synced) this.check(key, value);
    return key;
  }

  remove(suffix: Bytes): void {
    this.drop(this.prefix + suffix);
  }

  /** The list is complete: what is not in it is gone. */
  keepOnly(listed: ReadonlySet<Bytes>): void {
    for (const key of this.scope.owners.keys()) if (!listed.has(key)) this.drop(key);
  }

  clear(): void {
    this.keepOnly(new Set());
  }

  private drop(key: Bytes): void {
    this.options.desired.remove(this.scope, key, this.options.clock.monotonic());
    this.faults.delete(key);
  }

  /** Checks every key that is held now, one a step. */
  *checks(): Generator<void> {
    for (const { key, want, owner } of this.scope.records.values()) {
      if (owner !== undefined && want !== null) this.check(key, want);
      yield;
    }
  }

  private check(key: Bytes, value: Bytes): void {
    if (!this.context) return;
    const fault = entryFault(this.type, key.slice(this.prefix.length), value, this.context);
    if (fault === undefined) {
      if (this.faults.size > 0) this.faults.delete(key);
      return;
    }
    if (this.faults.get(key) === fault) return;
    this.faults.set(key, fault);
    this.options.onFault(this.type, key, fault);
  }
}
