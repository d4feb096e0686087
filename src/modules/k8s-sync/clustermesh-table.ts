import type { MirrorTable } from '../mirror/mirror-table.js';
import { CANARY_SCOPE } from '../mirror/canaries.js';
import { HEARTBEAT_SCOPE } from '../heartbeat/heartbeat.service.js';
import { allScopeKeys, clusterConfigKey, heartbeatKey } from './projections/keys.js';

export const CLUSTER_CONFIG_SCOPE = 'cluster-config';

/** Everything that `clustermesh` writes; a lost lease is recovered in this order (spec/k8s-sync.md §1). */
export function clustermeshTable(clusterName: string): MirrorTable {
  return {
    scopes: [
      { name: HEARTBEAT_SCOPE, target: { key: heartbeatKey }, express: true },
      { name: CLUSTER_CONFIG_SCOPE, target: { key: clusterConfigKey(clusterName) }, express: true },
      { name: CANARY_SCOPE, target: { prefix: `cilium/synced/${clusterName}/` }, express: true },
      ...allScopeKeys.map(({ scope, prefix }) => ({ name: scope, target: { prefix: prefix(clusterName) } })),
    ],
    countsOwnEvents: true,
    canaries: new Map(allScopeKeys.map(({ scope, canaryKey }) => [scope, canaryKey(clusterName)])),
  };
}
