import type { LeaseId, LeasePool } from '../etcd/kv.js';
import type { DesiredState } from './desired-state.js';

/**
 * A lost lease takes its keys with it: all of them are written again, heartbeat and cluster config first (they head the table
 * of scopes). Leases that are lost together are looked for in one sweep.
 */
export function recoverLostLeases(leases: LeasePool, desired: DesiredState): void {
  let lost: Set<LeaseId> | undefined;
  const sweep = (): void => {
    const gone = lost ?? new Set<LeaseId>();
    lost = undefined;
    for (const scope of desired.scopes.values()) {
      for (const record of scope.records.values()) {
        if (record.have !== null && gone.has(record.lease)) desired.forget(record);
      }
    }
  };
  leases.onLost((lease) => {
    if (!lost) {
      lost = new Set();
      queueMicrotask(sweep);
    }
    lost.add(lease);
  });
}
