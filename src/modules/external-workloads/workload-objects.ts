import { sortByBytes } from '../../common/go-json.js';
import type { SecurityLabels } from '../identity-allocator/security-labels.js';
import type { ExternalWorkload } from './external-workload.js';
import { addressPairs, nodeIp } from './node-ip.js';
import { cidrText, type RegisterRecord } from './register-record.js';

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** The identity that a registration is published with. */
export interface WorkloadIdentity {
  readonly number: number;
  readonly labels: SecurityLabels;
  /** The CiliumNode's labels: agents resolve it by these, not by the number. */
  readonly nodeLabels: ReadonlyMap<string, string>;
}

const cilium = 'cilium.io/v2';

export function workloadOwner({ name, uid }: ExternalWorkload): OwnerReference {
  return { apiVersion: cilium, kind: 'CiliumExternalWorkload', name, uid };
}

export function nodeOwner(name: string, uid: string): OwnerReference {
  return { apiVersion: cilium, kind: 'CiliumNode', name, uid };
}

/** The parts of a CiliumNode's spec that are the registration's (spec/external-workloads.md §4.2). */
export interface NodeSpec {
  readonly addresses: readonly { readonly type: string; readonly ip: string }[];
  readonly health: Readonly<Record<string, string>>;
  readonly ingress: Readonly<Record<string, string>>;
  readonly encryption: { readonly key?: number };
  readonly ipam: { readonly podCIDRs?: readonly string[] };
  readonly nodeidentity: number;
  readonly bootid?: string;
}

export function nodeSpec(record: RegisterRecord, identity: number): NodeSpec {
  const networks = [
    record.ipv4AllocCidr,
    record.ipv6AllocCidr,
    ...record.ipv4SecondaryAllocCidrs,
    ...record.ipv6SecondaryAllocCidrs,
  ];
  const podCIDRs = networks.flatMap((cidr) => (cidr && cidrText(cidr)) ?? []);
  return {
    addresses: record.addresses.map(({ type, ip }) => ({ type, ip })),
    health: addressFields(record.ipv4HealthIp, record.ipv6HealthIp),
    ingress: addressFields(record.ipv4IngressIp, record.ipv6IngressIp),
    encryption: record.encryptionKey === 0 ? {} : { key: record.encryptionKey },
    ipam: podCIDRs.length === 0 ? {} : { podCIDRs },
    nodeidentity: identity,
    ...(record.bootId === '' ? {} : { bootid: record.bootId }),
  };
}

function addressFields(ipv4: string, ipv6: string): Readonly<Record<string, string>> {
  return { ...(ipv4 === '' ? {} : { ipv4 }), ...(ipv6 === '' ? {} : { ipv6 }) };
}

/** What the IP sync and the agents read of a workload's endpoint (spec/external-workloads.md §4.3). */
export interface EndpointStatus {
  readonly id: 1;
  readonly identity: { readonly id: number; readonly labels: readonly string[] };
  readonly networking: { readonly addressing: readonly object[]; readonly node?: string };
  readonly encryption: Readonly<Record<string, never>>;
  readonly state: 'ready';
}

export function endpointStatus(record: RegisterRecord, identity: WorkloadIdentity): EndpointStatus {
  // Sorted as whole texts, unlike the identity's value in etcd, which is sorted by key.
  const labels = Object.entries(identity.labels).map(([name, value]) =>
    value === '' ? name : `${name}=${value}`,
  );
  const node = nodeIp(record.addresses);
  return {
    id: 1,
    identity: { id: identity.number, labels: sortByBytes(labels) },
    networking: {
      addressing: addressPairs(record.addresses),
      ...(node === undefined ? {} : { node }),
    },
    encryption: {},
    state: 'ready',
  };
}

export interface WorkloadStatus {
  readonly id: number;
  readonly ip?: string;
}

export function workloadStatus(record: RegisterRecord, identity: number): WorkloadStatus {
  const ip = nodeIp(record.addresses);
  return { id: identity, ...(ip === undefined ? {} : { ip }) };
}
