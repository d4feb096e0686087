import type { RetryPace } from '../../common/work-queue.js';
import { EtcdFault } from '../etcd/kv.js';
import { IdentityRangeExhausted } from '../identity-allocator/identity-range-exhausted.js';
import { KubeError } from '../kubernetes/kube-api.js';
import { Refused } from './refused.js';

export interface Failure {
  /** outage: the servers' trouble, the same for every workload. refused: this workload's own. */
  readonly kind: 'outage' | 'refused';
  readonly pace: RetryPace;
}

const outage: Failure = { kind: 'outage', pace: { baseMs: 100, maxMs: 10_000 } };
/** Nobody tells when a namespace or a free identity is there. */
const missing: Failure = { kind: 'refused', pace: { baseMs: 500, maxMs: 30_000 } };
const busy: Failure = { kind: 'refused', pace: { baseMs: 100, maxMs: 5000 } };
/** Trying the very same again is all but pointless: rights, rules and foreign objects change rarely. */
const permanent: Failure = { kind: 'refused', pace: { baseMs: 30_000, maxMs: 300_000 } };

/** What to do about a registration that failed. undefined: a bug. */
export function classifyFailure(error: unknown): Failure | undefined {
  if (error instanceof EtcdFault) return outage;
  if (error instanceof Refused) return permanent;
  if (error instanceof IdentityRangeExhausted) return missing;
  return error instanceof KubeError ? ofStatus(error.status) : undefined;
}

function ofStatus(status: number): Failure {
  if (status === 404) return missing;
  if (status === 409) return busy;
  if (status === 401 || status === 429) return outage;
  return status >= 400 && status < 500 ? permanent : outage;
}
