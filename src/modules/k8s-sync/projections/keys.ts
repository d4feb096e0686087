import type { Bytes } from '../../../common/bytes.js';

/**
 * Where everything is in etcd (spec/k8s-sync.md §1). Names are joined literally: Kubernetes has checked those of objects, and
 * a cluster name that is not a DNS label is refused at start. All of these are ASCII, so text and Bytes are the same.
 */
export type ScopeName = 'identities/v1' | 'nodes/v1' | 'ip/v1' | 'services/v1';

export interface ScopeKeys {
  readonly scope: ScopeName;
  /** What all keys of the scope begin with, `/` included. */
  prefix(clusterName: string): Bytes;
  /** Written once every key of the first list is. Without `/id` and `/default`, and always without the cluster. */
  canaryKey(clusterName: string): Bytes;
}

function scopeKeys(scope: ScopeName, suffix: (clusterName: string) => string): ScopeKeys {
  return {
    scope,
    prefix: (clusterName) => `cilium/state/${scope}/${suffix(clusterName)}/`,
    canaryKey: (clusterName) => `cilium/synced/${clusterName}/cilium/state/${scope}`,
  };
}

/** Identity keys carry no cluster: the numbers of clusters do not overlap. */
export const identityKeys = scopeKeys('identities/v1', () => 'id');

export const nodeKeys = scopeKeys('nodes/v1', (clusterName) => clusterName);

/** `default` is the name of an address space, not of a cluster. */
export const ipKeys = scopeKeys('ip/v1', () => 'default');

export const serviceKeys = scopeKeys('services/v1', (clusterName) => clusterName);

/** In the order in which they are shown. */
export const allScopeKeys: readonly ScopeKeys[] = [identityKeys, nodeKeys, ipKeys, serviceKeys];

export function clusterConfigKey(clusterName: string): Bytes {
  return `cilium/cluster-config/${clusterName}`;
}

export const heartbeatKey: Bytes = 'cilium/.heartbeat';
