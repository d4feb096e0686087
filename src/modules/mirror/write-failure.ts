import type { EtcdFault } from '../etcd/kv.js';

/**
 * What to do with a transaction that etcd did not take.
 * check-leases: find the dead leases, give their keys new ones, write again at once.
 * halve:        write it as two transactions, so that the one that is refused gets isolated.
 * refuse:       this single key can never be stored as it is: say so loudly and leave it until it changes.
 * set-aside:    this scope may not be written: the others go on, it is tried again after a while.
 * separate:     write deletions apart from puts (a full database still takes deletions), after a pause.
 * back-off:     an outage: the same again after a pause.
 */
export type FailureAction = 'check-leases' | 'halve' | 'refuse' | 'set-aside' | 'separate' | 'back-off';

export function actionFor(fault: EtcdFault, operations: number): FailureAction {
  switch (fault.kind) {
    case 'lease-not-found':
      return 'check-leases';
    case 'too-many-operations':
    case 'too-large':
    case 'duplicate-key':
      return operations > 1 ? 'halve' : 'refuse';
    case 'permission-denied':
      return 'set-aside';
    case 'no-space':
      return 'separate';
    case 'other':
      return operations > 1 ? 'halve' : 'back-off';
    default:
      return 'back-off';
  }
}
