import type { Bytes } from '../../common/bytes.js';
import type { KvEntry, LeaseId } from '../etcd/kv.js';
import type { Entry } from './entry.js';
import { KeyRecord } from './key-record.js';
import { Scope, type ScopeSpec } from './scope.js';

export interface DesiredStateListener {
  /** A key became dirty and was queued. */
  onDirty(record: KeyRecord): void;
  /** A key that was dirty is right now: written, refused for good, or wanted back as it is stored. */
  onSettled(record: KeyRecord): void;
  /** A key hangs on another lease than before; '0' for none. Not called for a lease that the writer takes for it. */
  onMoved?(from: LeaseId, to: LeaseId): void;
}

/**
 * The table `key → wanted bytes, owners` beside what etcd is known to hold. Setting or removing marks keys dirty, nothing
 * else; the writer drains `Scope.dirty`. Everything here is synchronous: no I/O, no clock.
 */
export class DesiredState {
  private readonly table: Map<string, Scope>;
  private readonly listeners: DesiredStateListener[] = [];

  constructor(specs: readonly ScopeSpec[]) {
    this.table = new Map(specs.map((spec) => [spec.name, new Scope(spec)]));
  }

  get scopes(): ReadonlyMap<string, Scope> {
    return this.table;
  }

  /** Scopes may come at any time. @throws for a name that is there already: a bug. */
  addScope(spec: ScopeSpec): Scope {
    if (this.table.has(spec.name)) throw new Error(`scope added twice: ${spec.name}`);
    const scope = new Scope(spec);
    this.table.set(spec.name, scope);
    return scope;
  }

  /** Forgets a scope whose keys are gone. @throws while it still has some: a bug, the writer may be at one of them. */
  removeScope(scope: Scope): void {
    if (scope.records.size > 0)
      throw new Error(`scope removed with ${scope.records.size} keys: ${scope.name}`);
    this.table.delete(scope.name);
  }

  listen(listener: DesiredStateListener): void {
    this.listeners.push(listener);
  }

  /** @throws for a name that is not in the table: a bug. */
  scope(name: string): Scope {
    const scope = this.scopes.get(name);
    if (!scope) throw new Error(`no such scope: ${name}`);
    return scope;
  }

  /**
   * `owner` wants exactly these entries of the scope from now on. Keys that it wanted before and no longer does go, unless
   * another owner wants them. For a key of several owners the last *change* wins.
   * @param eventAt monotonic ms at which the cause arrived, for the propagation histogram; 0 = none.
   */
  replace(scope: Scope, owner: string, entries: readonly Entry[], eventAt = 0): void {
    const before = scope.owners.get(owner);
    const records: KeyRecord[] = [];
    for (const entry of entries) {
      const record = this.recordOf(scope, entry.key);
      if (!records.includes(record)) records.push(record);
      this.claim(record, owner, entry.value, eventAt);
    }
    if (before !== undefined) {
      for (const record of Array.isArray(before) ? before : [before]) {
        if (!records.includes(record)) this.release(record, owner, eventAt);
      }
    }
    const only = records[0];
    if (only === undefined) scope.owners.delete(owner);
    else scope.owners.set(owner, records.length === 1 ? only : records);
  }

  remove(scope: Scope, owner: string, eventAt = 0): void {
    this.replace(scope, owner, [], eventAt);
  }

  private claim(record: KeyRecord, owner: string, value: Bytes, eventAt: number): void {
    if (record.owner !== owner && record.owner !== undefined) {
      const claims = (record.others ??= []);
      const mine = claims.findIndex((claim) => claim.owner === owner);
      if (mine >= 0) {
        // Seeing an unchanged object again (a relist) must not take the key back from a later owner.
        if (claims[mine]?.value === value) return;
        claims.splice(mine, 1);
      }
      claims.push({ owner: record.owner, value: record.want ?? '' });
    }
    // An equal name that came in anew is let go: it would keep its text alive beside the known one.
    if (record.owner !== owner) record.owner = owner;
    this.want(record, value, eventAt);
  }

  private release(record: KeyRecord, owner: string, eventAt: number): void {
    if (record.owner !== owner) {
      record.others = record.others?.filter((claim) => claim.owner !== owner);
      return;
    }
    const heir = record.others?.pop();
    if (record.others?.length === 0) record.others = undefined;
    record.owner = heir?.owner;
    this.want(record, heir ? heir.value : null, eventAt);
  }

  private want(record: KeyRecord, value: Bytes | null, eventAt: number): void {
    if (record.want === value) {
      // Nothing new, but an adopted key may hang on a lease that is not ours to keep alive: see adopt().
      if (record.owner !== undefined) this.requeue(record);
      return;
    }
    if (record.refused) {
      record.refused = false;
      record.scope.refused--;
    }
    // Equal bytes are kept once.
    record.want = record.have === value && record.have !== undefined ? record.have : value;
    if (record.dirty && record.eventAt === 0) record.eventAt = Math.trunc(eventAt);
    this.update(record);
  }

  /** etcd is known to hold this, as of the revision: an acknowledged write, an event of a watch, or a page of a range. */
  stored(record: KeyRecord, have: Bytes | null, lease: LeaseId, revision: number): void {
    record.have = have === record.want ? record.want : have;
    record.revision = revision;
    this.hang(record, lease);
    this.update(record);
  }

  /** etcd no longer holds the key, as of the revision. */
  vanished(record: KeyRecord, revision: number): void {
    if (isNobodys(record)) record.want = null;
    this.stored(record, null, '0', revision);
  }

  /** What etcd holds for this key is no longer known (lost lease, write without an answer): it will be written again. */
  forget(record: KeyRecord): void {
    const scope = record.scope;
    record.have = undefined;
    if (isNobodys(record)) record.want = null;
    else if (scope.phase === 'writing' && !record.firstSync) {
      // Invariant I2: a key that is lost before the canary is written holds the canary back again.
      record.firstSync = true;
      scope.firstSyncPending++;
    }
    this.update(record);
  }

  /** The write that was under way has not been applied: the key is as it was, whatever is wanted of it by now. */
  failed(record: KeyRecord): void {
    this.update(record);
  }

  /** etcd will never take the present value of this key. It is left as it is until the value changes. */
  refuse(record: KeyRecord): void {
    if (record.refused) return;
    record.refused = true;
    record.scope.refused++;
    this.update(record);
  }

  /**
   * A key that etcd holds and that nobody wants yet. It stays as it is, and comes back if somebody takes it away, until somebody
   * claims it or sweep() is called.
   * @param kept whether its lease is kept alive by us; if not, a claim writes the key again even with the same value.
   */
  adopt(scope: Scope, entry: KvEntry, kept: boolean): void {
    const record = this.recordOf(scope, entry.key);
    record.want = entry.value;
    record.have = kept ? entry.value : undefined;
    record.revision = entry.modRevision;
    this.hang(record, entry.lease);
  }

  /** A key in etcd that appeared although nobody wants it: it goes, as with sweep(). */
  reap(scope: Scope, entry: KvEntry): void {
    this.adopt(scope, entry, true);
    const record = scope.records.get(entry.key);
    if (record) this.sweepRecord(record);
  }

  /** The source is complete: what etcd holds on a lease and nobody wants goes; what hangs on none is somebody else's. */
  sweep(scope: Scope): void {
    for (const record of scope.records.values()) this.sweepRecord(record);
  }

  private sweepRecord(record: KeyRecord): void {
    if (record.owner !== undefined || record.want === null) return;
    if (record.lease === '0') {
      record.scope.foreign.add(record.key);
      this.drop(record);
    } else {
      this.want(record, null, 0);
    }
  }

  private requeue(record: KeyRecord): void {
    if (record.queued || record.inFlight || !record.dirty) return;
    record.queued = true;
    record.scope.dirty.push(record);
    for (const listener of this.listeners) listener.onDirty(record);
  }

  private update(record: KeyRecord): void {
    // The write under way decides what is stored; its acknowledgement calls again.
    if (record.inFlight) return;
    if (record.dirty) {
      this.requeue(record);
      return;
    }
    for (const listener of this.listeners) listener.onSettled(record);
    record.eventAt = 0;
    if (record.want !== null) return;
    // It may have been given a lease and then not be written.
    this.hang(record, '0');
    // One that still waits in the queue goes when its turn comes: a key that flaps during an outage is one record, not thousands.
    if (!record.queued) this.drop(record);
  }

  private hang(record: KeyRecord, lease: LeaseId): void {
    const from = record.lease;
    if (from === lease) return;
    record.lease = lease;
    for (const listener of this.listeners) listener.onMoved?.(from, lease);
  }

  private drop(record: KeyRecord): void {
    record.scope.records.delete(record.key);
  }

  private recordOf(scope: Scope, key: Bytes): KeyRecord {
    const known = scope.records.get(key);
    if (known) return known;
    const record = new KeyRecord(scope, key);
    scope.records.set(key, record);
    scope.foreign.delete(key);
    return record;
  }
}

/** Until its source has been read, what a previous run left counts as wanted: readers must not lose it because the source is away. */
function isNobodys({ owner, scope }: KeyRecord): boolean {
  return owner === undefined && scope.phase !== 'waiting';
}
