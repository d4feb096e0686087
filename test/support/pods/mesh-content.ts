import type { EtcdAdmin } from '../etcd-admin.js';
import { differences, expectedSnapshot, type Keys, readKeys, snapshotOf } from '../snapshot.js';
import type { MeshCluster } from './mesh-cluster.js';

const kinds = ['identities', 'ip', 'nodes', 'services'] as const;

/** The keys that kvstoremesh makes of what another cluster's etcd holds (spec/kvstoremesh.md §1). */
function cached(state: Keys, from: string): Keys {
  const entries = Object.entries(state).map(([key, value]) => [cachedKey(key, from), value] as const);
  return Object.fromEntries(entries);
}

function cachedKey(key: string, from: string): string {
  const inCache = key.replace('cilium/state/', 'cilium/cache/');
  return inCache
    .replace('/ip/v1/default/', `/ip/v1/${from}/`)
    .replace('/identities/v1/id/', `/identities/v1/${from}/id/`);
}

function synced(cluster: string, root: 'state' | 'cache'): Keys {
  const key = (kind: string): string => `cilium/synced/${cluster}/cilium/${root}/${kind}/v1`;
  return Object.fromEntries(kinds.map((kind) => [key(kind), '<RFC3339>']));
}

/** Everything that the original would have in the etcd of `own`, connected to `other`. */
function everything(own: MeshCluster, other: MeshCluster): Keys {
  return {
    'cilium/.has-cluster-config': 'true',
    'cilium/.heartbeat': '<RFC3339>',
    [`cilium/cluster-config/${own.name}`]: `{"id":${String(own.id)},"capabilities":{"syncedCanaries":true,"maxConnectedClusters":255}}`,
    [`cilium/cluster-config/${other.name}`]: `{"id":${String(other.id)},"capabilities":{"syncedCanaries":true,"cached":true,"maxConnectedClusters":255}}`,
    ...own.samples.keys,
    ...cached(other.samples.keys, other.name),
    ...synced(own.name, 'state'),
    ...synced(other.name, 'cache'),
  };
}

/** The proof of quorum, which comes and goes (spec/operations.md §4.4). */
export const isLock = (key: string): boolean => /^cilium\/\.initlock\/[0-9a-f]+\/[0-9a-f]+$/.test(key);
/** Our own, beside what the original has (docs/etcd-accounts.md). */
export const isUserRecord = (key: string): boolean => /^cilium\/\.users\/v1\/remote-[-a-z0-9]+$/.test(key);

/** Whatever `own` has in its etcd that the original would not have there, lacks, or has with another value. */
export async function contentFaults(own: MeshCluster, other: MeshCluster): Promise<string[]> {
  // From the first key on: nothing may be outside of cilium/ either.
  const stored = await own.inEtcd((etcd) => readKeys(etcd, ''));
  const actual = snapshotOf(stored, (key) => !isLock(key) && !isUserRecord(key));
  return differences(actual, expectedSnapshot(everything(own, other)));
}

/** Granted TTL in seconds by key; 0: no lease. */
export async function grantedTtls(etcd: EtcdAdmin): Promise<Map<string, number>> {
  const { leaseClient } = await etcd.etcd3();
  const ttls = new Map<string, number>();
  const stored = [...(await readKeys(etcd, 'cilium/'))].filter(([key]) => !isLock(key));
  for (const [key, { lease }] of stored) {
    if (lease === '0') ttls.set(key, 0);
    else ttls.set(key, Number((await leaseClient.leaseTimeToLive({ ID: lease })).grantedTTL));
  }
  return ttls;
}
