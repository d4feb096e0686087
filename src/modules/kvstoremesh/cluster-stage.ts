import type { StageStatus } from '../../common/stage.js';
import type { RemoteCluster } from './remote-cluster.js';

/** One remote cluster as /status shows it: where it is on its way, since when, and what went wrong at each step. */
export function clusterStage(cluster: RemoteCluster, warnings: readonly string[]): StageStatus {
  const { stage, cache, remote } = cluster;
  const types = [...cache.types.values()];
  const sizes = types.map((type) => [`${type.type}Keys`, type.size] as const);
  const errors = [...stage.errors].map(([name, error]) => [`lastError.${name}`, error.message] as const);
  return {
    name: `remote/${cluster.name}`,
    state: stage.name,
    since: stage.since,
    healthy: cluster.ready,
    ...(stage.lastError ? { lastError: stage.lastError } : {}),
    counts: {
      ...Object.fromEntries(sizes),
      attempts: cluster.attempts,
      failures: cluster.failures,
      faultyEntries: cache.faultyEntries,
      cacheAgeMs: Math.round(cluster.awayMs),
    },
    details: {
      endpoint: remote?.endpoint ?? null,
      etcdClusterId: remote?.clusterId ?? null,
      clusterId: cluster.config?.id ?? null,
      ...Object.fromEntries(types.map((type) => [type.type, type.state])),
      ...Object.fromEntries(types.map((type) => [`${type.type}Since`, new Date(type.since).toISOString()])),
      ...(warnings.length > 0 ? { warnings: warnings.join('; ') } : {}),
      ...Object.fromEntries(errors),
    },
  };
}
