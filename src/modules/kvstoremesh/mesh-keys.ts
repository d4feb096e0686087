import { type Bytes, bytesOf } from '../../common/bytes.js';
import type { ScopeSpec } from '../mirror/scope.js';

/** What is copied of a remote cluster (spec/kvstoremesh.md §1). There is no fifth type in 1.16. */
export const MESH_TYPES = ['nodes', 'services', 'identities', 'ip'] as const;
export type MeshType = (typeof MESH_TYPES)[number];

export const HEARTBEAT_KEY: Bytes = 'cilium/.heartbeat';
export const CONFIG_FOLDER: Bytes = 'cilium/cluster-config/';
export const SYNCED_FOLDER: Bytes = 'cilium/synced/';
export const CACHE_FOLDER: Bytes = 'cilium/cache/';

/** Below which keys a remote etcd keeps a type; `cached`: when it is a cache itself. Always ends with `/`. */
export function remotePrefix(type: MeshType, cluster: string, cached: boolean): Bytes {
  const name = bytesOf(cluster);
  if (cached) return `${CACHE_FOLDER}${type}/v1/${name}/`;
  switch (type) {
    case 'identities':
      return 'cilium/state/identities/v1/';
    case 'ip':
      return 'cilium/state/ip/v1/default/';
    default:
      return `cilium/state/${type}/v1/${name}/`;
  }
}

export function syncedPrefix(cluster: string): Bytes {
  return `${SYNCED_FOLDER}${bytesOf(cluster)}/`;
}

/** What says on the remote that a type is complete there. Exactly this key: longer ones are others' (spec/kvstoremesh.md §7). */
export function remoteCanary(type: MeshType, cluster: string, cached: boolean): Bytes {
  return `${syncedPrefix(cluster)}cilium/${cached ? 'cache' : 'state'}/${type}/v1`;
}

export function clusterConfigKey(cluster: string): Bytes {
  return CONFIG_FOLDER + bytesOf(cluster);
}

/**
 * Where the copies stand. What follows the remote prefix is appended as it is, `..` and all: whatever a remote cluster names
 * its keys, they stay below its own prefix (golden/README.md, difference 5).
 */
export function localPrefix(type: MeshType, cluster: string): Bytes {
  return `${CACHE_FOLDER}${type}/v1/${bytesOf(cluster)}/`;
}

export function localCanary(type: MeshType, cluster: string): Bytes {
  return `${syncedPrefix(cluster)}cilium/cache/${type}/v1`;
}

/** The scopes of one remote cluster. Names are parts of the keys, so that a key leads to its scope by one cut. */
export function configScope(cluster: string): ScopeSpec {
  const key = clusterConfigKey(cluster);
  return {
    name: key.slice('cilium/'.length),
    target: { key },
    cluster,
    label: 'cluster-config',
    express: true,
  };
}

export function canaryScope(cluster: string): ScopeSpec {
  const prefix = syncedPrefix(cluster);
  return {
    name: prefix.slice('cilium/'.length, -1),
    target: { prefix },
    cluster,
    label: 'synced',
    express: true,
  };
}

export function typeScope(type: MeshType, cluster: string): ScopeSpec {
  const prefix = localPrefix(type, cluster);
  return { name: prefix.slice(CACHE_FOLDER.length, -1), target: { prefix }, cluster, label: `${type}/v1` };
}

export function scopesOf(cluster: string): ScopeSpec[] {
  return [configScope(cluster), canaryScope(cluster), ...MESH_TYPES.map((type) => typeScope(type, cluster))];
}

/** `nodes/v1/east` for `cilium/cache/nodes/v1/east/n1`; undefined when the key has no such part. */
export function scopeNameInCache(key: Bytes): string | undefined {
  let end = CACHE_FOLDER.length - 1;
  for (let slashes = 0; slashes < 3; slashes++) {
    end = key.indexOf('/', end + 1);
    if (end < 0) return undefined;
  }
  return key.slice(CACHE_FOLDER.length, end);
}

/** `synced/east` for `cilium/synced/east/cilium/cache/ip/v1`. */
export function scopeNameInSynced(key: Bytes): string | undefined {
  const end = key.indexOf('/', SYNCED_FOLDER.length);
  return end < 0 ? undefined : key.slice('cilium/'.length, end);
}

/** `cluster-config/east` for its key. */
export function scopeNameInConfig(key: Bytes): string {
  return key.slice('cilium/'.length);
}
