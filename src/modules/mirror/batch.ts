import type { Bytes } from '../../common/bytes.js';
import type { KvOp, LeaseId, LeasePool } from '../etcd/kv.js';
import type { KeyRecord } from './key-record.js';
import type { Scope } from './scope.js';

export interface BatchLimits {
  readonly maxOps: number;
  /** Sum of keys and values; a single larger entry still makes a batch of its own. */
  readonly maxBytes: number;
  /** 'deletes' or 'puts' only, while the database is full. */
  readonly only?: 'deletes' | 'puts';
}

/** Of a thousand scopes that wait, those of a batch get a few keys each: one key from each of 128 would cost more than it is fair. */
const smallestShare = 16;

/**
 * Takes dirty keys from the scopes, an equal share from each (when hundreds wait: in turn), so that a burst in one delays no
 * other. The taken records are marked in flight. Scopes without a dirty key leave `waiting`; those that had their turn go to its
 * end.
 */
export function collect(waiting: Set<Scope>, limits: BatchLimits): KeyRecord[] {
  const batch = new Batch(limits);
  do {
    const equal = Math.ceil((limits.maxOps - batch.records.length) / Math.max(1, waiting.size));
    const share = Math.max(smallestShare, equal);
    let left = waiting.size;
    for (const scope of waiting) {
      // Those at the end now have had their turn.
      if (left-- === 0 || batch.full) break;
      takeFrom(scope, share, batch);
      waiting.delete(scope);
      if (scope.dirty.size > 0) waiting.add(scope);
    }
  } while (waiting.size > 0 && !batch.full && !limits.only);
  return batch.records;
}

class Batch {
  readonly records: KeyRecord[] = [];
  full = false;
  private bytes = 0;

  constructor(private readonly limits: BatchLimits) {}

  /** False, and full from then on, when the record would exceed a limit. */
  add(record: KeyRecord): boolean {
    const size = record.key.length + (record.want?.length ?? 0);
    if (this.records.length > 0 && this.bytes + size > this.limits.maxBytes) {
      this.full = true;
      return false;
    }
    this.records.push(record);
    this.bytes += size;
    this.full = this.records.length >= this.limits.maxOps;
    return true;
  }

  wrongKind(record: KeyRecord): boolean {
    return this.limits.only !== undefined && (this.limits.only === 'deletes') !== (record.want === null);
  }
}

function takeFrom(scope: Scope, share: number, batch: Batch): void {
  let taken = 0;
  for (let left = scope.dirty.size; left > 0 && taken < share && !batch.full; left--) {
    const record = scope.dirty.shift();
    if (!record) return;
    record.queued = false;
    if (record.inFlight) continue;
    if (!record.dirty) {
      if (record.want === null) scope.records.delete(record.key);
      continue;
    }
    if (batch.wrongKind(record) || !batch.add(record)) {
      record.queued = true;
      scope.dirty.push(record);
      continue;
    }
    record.inFlight = true;
    scope.inFlight++;
    taken++;
  }
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

export function operation({ record, value, lease }: PlannedWrite): KvOp {
  return value === null
    ? { type: 'delete', key: record.key }
    : { type: 'put', key: record.key, value, lease };
}
