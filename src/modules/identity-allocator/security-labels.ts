import type { Bytes } from '../../common/bytes.js';
import type { KubeObject } from '../kubernetes/kube-api.js';
import { projectIdentity } from '../k8s-sync/projections/identity.js';

/** `<source>:<key>` → value, as a CiliumIdentity's `security-labels` hold it. */
export type SecurityLabels = Readonly<Record<string, string>>;

const reservedPrefix = 'reserved.';
const source = 'k8s:';
const namespaceLabels = 'io.cilium.k8s.namespace.labels.';

/**
 * The identity of an object with these Kubernetes labels: all of them, unfiltered, with source k8s. A leading `reserved.` goes,
 * as agents apply the same rule when they resolve a CiliumNode by its labels (spec/external-workloads.md §5.2).
 */
export function securityLabels(labels: ReadonlyMap<string, string>): SecurityLabels {
  const result: Record<string, string> = {};
  for (const [name, value] of labels) {
    const key = name.startsWith(reservedPrefix) ? name.slice(reservedPrefix.length) : name;
    result[source + key] = value;
  }
  return result;
}

/** The labels that a CiliumNode needs for agents to resolve it to this identity: those of source k8s, without the source. */
export function kubernetesLabels(labels: SecurityLabels): Map<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of Object.entries(labels)) {
    if (name.startsWith(source)) result.set(name.slice(source.length), value);
  }
  return result;
}

/** The copy in a CiliumIdentity's metadata, which is for people: without the labels that are its namespace's. */
export function identityMetadataLabels(labels: SecurityLabels): Record<string, string> {
  return Object.fromEntries(
    [...kubernetesLabels(labels)].filter(([name]) => !name.startsWith(namespaceLabels)),
  );
}

/**
 * What two identities with equal labels have in common, and no others: the very text that stands in etcd for the identity.
 * undefined: the object has no usable labels.
 */
export function labelsKeyOf(identity: KubeObject): Bytes | undefined {
  const projected = projectIdentity(identity);
  return projected.kind === 'entries' ? projected.entries[0]?.value : undefined;
}

export function labelsKey(labels: SecurityLabels): Bytes {
  const key = labelsKeyOf({ metadata: { name: '1' }, 'security-labels': labels } as KubeObject);
  if (key === undefined) throw new Error('an identity without labels');
  return key;
}
