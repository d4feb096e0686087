import { type Bytes, textOf } from '../../common/bytes.js';
import type { DesiredState } from '../mirror/desired-state.js';
import type { MirrorTable } from '../mirror/mirror-table.js';
import type { Area, Scope } from '../mirror/scope.js';
import {
  CACHE_FOLDER,
  CONFIG_FOLDER,
  MESH_TYPES,
  scopeNameInCache,
  scopeNameInConfig,
  scopeNameInSynced,
  scopesOf,
  SYNCED_FOLDER,
} from './mesh-keys.js';

const typeFolders = new Set<string>(MESH_TYPES.map((type) => `${type}/v1`));

/** Name of the cluster that a scope belongs to. */
export function clusterOf(scopeName: string): Bytes {
  return scopeName.slice(scopeName.lastIndexOf('/') + 1);
}

/**
 * What kvstoremesh mirrors: nothing at first; six scopes a remote cluster come and go in three areas. The keys of our own
 * cluster, which the clustermesh program keeps in the same etcd, are none of ours.
 */
export function meshTable(ownCluster: string): MirrorTable {
  return {
    scopes: [],
    canaries: new Map(),
    countsOwnEvents: false,
    areas: (desired) =>
      [
        area('cilium/cluster-config', CONFIG_FOLDER, scopeNameInConfig),
        area('cilium/synced', SYNCED_FOLDER, scopeNameInSynced),
        area('cilium/cache', CACHE_FOLDER, scopeNameInCache),
      ].map((make) => make(desired, ownCluster)),
  };
}

function area(name: string, prefix: Bytes, nameOf: (key: Bytes) => string | undefined) {
  return (desired: DesiredState, ownCluster: string): Area => ({
    name,
    target: { prefix },
    scopes: () => [...desired.scopes.values()].filter((scope) => isIn(scope, prefix)),
    scopeOf: (key) => {
      const scope = nameOf(key);
      return scope === undefined
        ? undefined
        : (desired.scopes.get(scope) ?? found(desired, scope, ownCluster));
    },
  });
}

function isIn({ target }: Scope, prefix: Bytes): boolean {
  return ('key' in target ? target.key : target.prefix).startsWith(prefix);
}

/** A key of a cluster that nobody has told us of: what a previous run left. Its scopes are made, so that it can be drained. */
function found(desired: DesiredState, scopeName: string, ownCluster: string): Scope | undefined {
  const cluster = textOf(clusterOf(scopeName));
  const folder = scopeName.slice(0, scopeName.lastIndexOf('/'));
  const ours = folder === 'cluster-config' || folder === 'synced' || typeFolders.has(folder);
  if (!ours || cluster === ownCluster || cluster === '') return undefined;
  for (const spec of scopesOf(cluster)) if (!desired.scopes.has(spec.name)) desired.addScope(spec);
  return desired.scopes.get(scopeName);
}
