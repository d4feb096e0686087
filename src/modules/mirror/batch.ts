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

/**
 * Takes dirty keys from the scopes, an equal share from each, so that a burst in one delays no other. The taken records are
 * marked in flight.
 */
export function collect(scopes: readonly Scope[], limits: BatchLimits): KeyRecord[] {
  const batch: KeyRecord[] = [];
  let bytes = 0;
  let active = scopes.filter((scope) => scope.dirty.size > 0);
  while (active.length > 0 && batch.length < limits.maxOps && bytes < limits.maxBytes) {
    const share = Math.max(1, Math.ceil((limits.maxOps - batch.length) / active.length));
    for (const scope of active) bytes += takeFrom(scope, share, batch, limits, bytes);
    active = active.filter((scope) => scope.dirty.size > 0 && !limits.only);
  }
  return batch;
}

function takeFrom(scope: Scope, share: number, batch: KeyRecord[], limits: BatchLimits, already: number): number {
  let bytes = 0;
  const end = Math.min(batch.length + share, limits.maxOps);
  for (let left = scope.dirty.size; left > 0 && batch.length < end; left--) {
    const record = scope.dirty.shift();
    if (!record) break;
    record.queued = false;
    if (!record.dirty || record.inFlight) continue;
    const size = record.key.length + (record.want?.length ?? 0);
    const fits = batch.length === 0 || already + bytes + size <= limits.maxBytes;
    if (!fits || (limits.only && (limits.only === 'deletes') !== (record.want === null))) {
      record.queued = true;
      scope.dirty.push(record);
      if (!fits) break;
      continue;
    }
    record.inFlight = true;
    scope.inFlight++;
    bytes += size;
    batch.push(record);
  }
  return bytes;
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
  return value === null ? { type: 'delete', key: record.key } : { type: 'put', key: record.key, value, lease };
}
