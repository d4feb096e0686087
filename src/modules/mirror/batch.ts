import type { Bytes } from '../../common/bytes.js';
import type { KvOp, LeaseId, LeasePool } from '../etcd/kv.js';
import type { KeyRecord } from './key-record.js';
import type { Scope } from './scope.js';
import type { Turns } from './turns.js';

export interface BatchLimits {
  readonly maxOps: number;
  /** Sum of keys and values; a single larger entry still makes a batch of its own. */
  readonly maxBytes: number;
  /** 'deletes' or 'puts' only, while the database is full. */
  readonly only?: 'deletes' | 'puts';
}

/** Takes dirty keys of the scopes whose turn it is; of one kind only: all there is room for. The taken records are marked in flight. */
export function collect(turns: Turns, limits: BatchLimits): KeyRecord[] {
  const batch = new Batch(limits);
  if (limits.only) {
    for (const { scope } of turns.all()) {
      take(scope, Infinity, batch);
      if (scope.dirty.size === 0) turns.delete(scope);
    }
    return batch.records;
  }
  while (!batch.full) {
    const turn = turns.next();
    if (!turn) break;
    turn.owed -= take(turn.scope, turn.owed, batch);
    turns.ended(turn, batch.full);
  }
  return batch.records;
}

class Batch {
  readonly records: KeyRecord[] = [];
  full = false;
  private bytes = 0;

  constructor(private readonly limits: BatchLimits) {}

  /** @returns the part of the transaction that the record takes up; undefined, and `full` from then on, when there is no room. */
  add(record: KeyRecord): number | undefined {
    const { maxOps, maxBytes } = this.limits;
    const size = record.key.length + (record.want?.length ?? 0);
    if (this.records.length > 0 && this.bytes + size > maxBytes) {
      this.full = true;
      return undefined;
    }
    this.records.push(record);
    this.bytes += size;
    this.full = this.records.length >= maxOps;
    return Math.max(1 / maxOps, size / maxBytes);
  }

  wrongKind(record: KeyRecord): boolean {
    return this.limits.only !== undefined && (this.limits.only === 'deletes') !== (record.want === null);
  }
}

/** @returns the part of the transaction that was taken, at least `allowed` unless the scope has no more or the batch is full. */
function take(scope: Scope, allowed: number, batch: Batch): number {
  let taken = 0;
  for (let left = scope.dirty.size; left > 0 && taken < allowed && !batch.full; left--) {
    const record = scope.dirty.peek();
    if (!record) break;
    if (!record.dirty) {
      passOver(scope, record);
    } else if (batch.wrongKind(record)) {
      scope.dirty.shift();
      scope.dirty.push(record);
    } else {
      const part = batch.add(record);
      if (part === undefined) break;
      scope.dirty.shift();
      record.queued = false;
      record.inFlight = true;
      scope.inFlight++;
      taken += part;
    }
  }
  return taken;
}

/** The key came right while it was queued. If nobody wants it, its record goes only now. */
function passOver(scope: Scope, record: KeyRecord): void {
  scope.dirty.shift();
  record.queued = false;
  if (record.want === null) scope.records.delete(record.key);
}

export function groupByScope(batch: readonly KeyRecord[]): ReadonlyMap<Scope, KeyRecord[]> {
  const groups = new Map<Scope, KeyRecord[]>();
  for (const record of batch) {
    const group = groups.get(record.scope);
    if (group) group.push(record);
    else groups.set(record.scope, [record]);
  }
  return groups;
}

/** One operation of a transaction, with what it leaves in etcd. */
export interface PlannedWrite {
  readonly record: KeyRecord;
  /** The bytes that are sent; null = delete. */
  readonly value: Bytes | null;
  readonly lease: LeaseId;
}

/** Reads the wanted values at the last moment and binds puts to a live lease, granting more when the present ones are full. */
export async function plan(batch: readonly KeyRecord[], leases: LeasePool): Promise<PlannedWrite[]> {
  const writes: PlannedWrite[] = [];
  for (const record of batch) {
    if (record.want !== null) {
      while (!leases.isLive(record.lease)) {
        const lease = leases.take();
        if (lease === undefined) await leases.grow();
        else record.lease = lease;
      }
    }
    writes.push({ record, value: record.want, lease: record.lease });
  }
  return writes;
}

/** Whether a transaction is large enough to show how long etcd takes for a full one. */
export function isHalfFull(writes: readonly PlannedWrite[], { maxOps, maxBytes }: BatchLimits): boolean {
  if (writes.length * 2 >= maxOps) return true;
  const bytes = writes.reduce((sum, { record, value }) => sum + record.key.length + (value?.length ?? 0), 0);
  return bytes * 2 >= maxBytes;
}

export function operation({ record, value, lease }: PlannedWrite): KvOp {
  return value === null
    ? { type: 'delete', key: record.key }
    : { type: 'put', key: record.key, value, lease };
}
