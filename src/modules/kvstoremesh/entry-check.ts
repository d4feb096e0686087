import type { Bytes } from '../../common/bytes.js';
import { canonicalBackendAddress, canonicalIp } from '../../common/ip.js';
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
    if (node['Name'] === '' || node['Name'] !== suffix.slice(suffix.lastIndexOf('/') + 1))
      return 'key and name disagree';
    return sameId(node['ClusterID'], clusterId);
  },
  services: (suffix, value, { cluster, clusterId }) => {
    const service = objectOf(value);
    if (!service) return 'no JSON object';
    if (service['cluster'] !== cluster) return 'of another cluster';
    const [namespace, name] = [textOf(service['namespace']), textOf(service['name'])];
    if (namespace === '' || name === '' || `${namespace}/${name}` !== suffix) return 'key and name disagree';
    if (!keysOf(service['frontends']).every((key) => canonicalIp(key))) return 'a frontend is no IP address';
    if (!keysOf(service['backends']).every((key) => canonicalBackendAddress(key)))
      return 'a backend is no IP address';
    return sameId(service['clusterID'], clusterId);
  },
  ip: (suffix, value) => {
    const ip = objectOf(value);
    if (!ip) return 'no JSON object';
    const address = canonicalIp(textOf(ip['IP']));
    if (address === undefined) return 'no IP address';
    const length = ip['Mask'] === undefined || ip['Mask'] === null ? '' : `/${ones(textOf(ip['Mask']))}`;
    return address + length === suffix ? undefined : 'key and IP disagree';
  },
  identities: (suffix, value, { cluster, clusterId, maxConnectedClusters }) => {
    // Agents read below id/ only.
    if (!suffix.startsWith('id/')) return undefined;
    const shift = maxConnectedClusters === 511 ? 15 : 16;
    const id = /^\d{1,10}$/.test(suffix.slice(3)) ? Number(suffix.slice(3)) : -1;
    if (Math.floor(id / 2 ** shift) !== clusterId) return 'identity outside the range of its cluster';
    const label = `;k8s:io.cilium.k8s.policy.cluster=${cluster};`;
    return `;${value};`.includes(label) ? undefined : 'without the label of its cluster';
  },
};

/** What is no text is none, whatever it is: it comes from another cluster. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

/** Leading ones of a mask in base64, as Go's `Mask.Size()`: 0 for one with a gap. */
function ones(mask: string): number {
  const bits = [...Buffer.from(mask, 'base64')].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const count = bits.indexOf('0') < 0 ? bits.length : bits.indexOf('0');
  return bits.lastIndexOf('1') < count ? count : 0;
}

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
