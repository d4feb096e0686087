import type { KubeObject } from '../kubernetes/kube-api.js';
import { fieldsOf, stringMapOf, stringOf } from '../k8s-sync/projections/fields.js';

/** All that is kept of a CiliumExternalWorkload. */
export interface ExternalWorkload {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Texts as authored, '' for none. */
  readonly ipv4AllocCidr: string;
  readonly ipv6AllocCidr: string;
  /** Of the last complete registration; 0 and '' before. */
  readonly status: { readonly id: number; readonly ip: string };
}

export function externalWorkload(object: KubeObject): ExternalWorkload {
  const { name, uid, resourceVersion, labels } = object.metadata;
  const { spec, status } = object as { spec?: unknown; status?: unknown };
  const { id, ip } = fieldsOf(status);
  return {
    name,
    uid: uid ?? '',
    resourceVersion: resourceVersion ?? '',
    labels: stringMapOf(labels),
    ipv4AllocCidr: stringOf(fieldsOf(spec)['ipv4-alloc-cidr']),
    ipv6AllocCidr: stringOf(fieldsOf(spec)['ipv6-alloc-cidr']),
    status: { id: typeof id === 'number' ? id : 0, ip: stringOf(ip) },
  };
}

export const namespaceLabel = 'io.kubernetes.pod.namespace';
export const podNameLabel = 'io.kubernetes.pod.name';
const clusterLabel = 'io.cilium.k8s.policy.cluster';

/** What the workload's identity is made of, whatever the VM says of itself (spec/external-workloads.md §3.2). */
export function workloadLabels(workload: ExternalWorkload, clusterName: string): Map<string, string> {
  const labels = new Map(workload.labels);
  labels.set(namespaceLabel, labels.get(namespaceLabel) || 'default');
  labels.set(podNameLabel, labels.get(podNameLabel) || workload.name);
  labels.set(clusterLabel, clusterName);
  return labels;
}

/** Labels that no CiliumIdentity or CiliumNode can bear: Kubernetes allows values of 63 characters, but names of 253. */
export function unusableLabels(labels: ReadonlyMap<string, string>): readonly string[] {
  return [...labels].filter(([, value]) => value.length > 63).map(([name]) => name);
}
