import type { Bytes } from '../../common/bytes.js';
import type { MeshType } from './mesh-keys.js';

/** What a key and its value must agree with. */
export interface EntryContext {
  readonly cluster: Bytes;
  readonly clusterId: number;
  readonly maxConnectedClusters: number;
}

/**
 * Why agents would skip this entry, or undefined (spec/kvstoremesh.md §13). It is copied all the same, as in the original:
 * this is for whoever wonders where it went. Values are read as they are, one character a byte, which is enough to compare.
 */
export function entryFault(
  type: MeshType,
  suffix: Bytes,
  value: Bytes,
  context: EntryContext,
): string | undefined {
  return checks[type](suffix, value, context);
}

type Check = (suffix: Bytes, value: Bytes, context: EntryContext) => string | undefined;

const checks: Readonly<Record<MeshType, Check>> = {
  nodes: (suffix, value, { cluster, clusterId }) => {
    const node = objectOf(value);
    if (!node) return 'no JSON object';
    if (node['Cluster'] !== cluster) return 'of another cluster';
    if (node['Name'] !== suffix.slice(suffix.lastIndexOf('/') + 1)) return 'key and name disagree';
    return sameId(node['ClusterID'], clusterId);
  },
  services: (suffix, value, { cluster, clusterId }) => {
    const service = objectOf(value);
    if (!service) return 'no JSON object';
    if (service['cluster'] !== cluster) return 'of another cluster';
    if (`${String(service['namespace'])}/${String(service['name'])}` !== suffix)
      return 'key and name disagree';
    return sameId(service['clusterID'], clusterId);
  },
  ip: (suffix, value) => {
    const ip = objectOf(value);
    if (!ip) return 'no JSON object';
    const address = suffix.split('/', 1)[0];
    return ip['IP'] === address ? undefined : 'key and IP disagree';
  },
  identities: (suffix, value, { cluster, clusterId, maxConnectedClusters }) => {
    // Agents read below id/ only.
    if (!suffix.startsWith('id/')) return undefined;
    const shift = maxConnectedClusters === 511 ? 15 : 16;
    const id = /^\d{1,10}$/.test(suffix.slice(3)) ? Number(suffix.slice(3)) : -1;
    if (Math.floor(id / 2 ** shift) !== clusterId) return 'identity outside the range of its cluster';
    const label = `k8s:io.cilium.k8s.policy.cluster=${cluster};`;
    return value.includes(label) ? undefined : 'without the label of its cluster';
  },
};

function sameId(id: unknown, clusterId: number): string | undefined {
  return (id ?? 0) === clusterId ? undefined : 'cluster ID disagrees';
}

function objectOf(value: Bytes): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
