import type { IdentityAllocator } from '../identity-allocator/identity-allocator.js';
import {
  kubernetesLabels,
  type SecurityLabels,
  securityLabels,
} from '../identity-allocator/security-labels.js';
import type { Complaint } from '../k8s-sync/projections/projection.js';
import { podNameLabel } from './external-workload.js';
import type { WorkloadIdentity } from './workload-objects.js';

export interface PublishedIdentity {
  /** undefined: the registration is refused. */
  readonly identity?: WorkloadIdentity;
  readonly complaints: readonly Complaint[];
}

type Allocator = Pick<IdentityAllocator, 'matches' | 'find' | 'restore' | 'labelsOf'>;

/**
 * The identity to publish a VM with that says it has this number. The VM's traffic bears that number until it registers anew,
 * so it is never exchanged for another behind its back:
 *
 * - the number has the workload's labels: as it should be;
 * - nothing has them: the identity was collected while nobody held it, and comes back under its number;
 * - the number has older labels of this very workload: they are published until the VM registers again;
 * - anything else is another workload's identity, or none: refused.
 *
 * @throws KubeError.
 */
export async function publishedIdentity(
  allocator: Allocator,
  number: number,
  labels: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<PublishedIdentity> {
  const own = securityLabels(labels);
  const identity = { number, labels: own, nodeLabels: labels };
  if (allocator.matches(number, own)) return { identity, complaints: [] };
  const expected = allocator.find(own);
  if (expected === undefined && (await allocator.restore(number, own, signal)))
    return { identity, complaints: [] };
  const earlier = await allocator.labelsOf(number, signal);
  if (earlier && isOfSameWorkload(earlier, own)) {
    const message =
      'CEW: labels changed, the VM is published with the identity that it has until it registers again';
    return {
      identity: { number, labels: earlier, nodeLabels: kubernetesLabels(earlier) },
      complaints: [{ message, fields: { identity: number } }],
    };
  }
  const message = 'CEW: the VM has another identity than its labels, refusing its registration';
  return { complaints: [{ message, fields: { identity: number, expected: expected ?? 'none' } }] };
}

function isOfSameWorkload(earlier: SecurityLabels, own: SecurityLabels): boolean {
  return ['io.cilium.k8s.policy.cluster', podNameLabel].every(
    (name) => earlier[`k8s:${name}`] === own[`k8s:${name}`],
  );
}
