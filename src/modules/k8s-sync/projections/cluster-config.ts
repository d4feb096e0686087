import type { Bytes } from '../../../common/bytes.js';

export interface ClusterConfig {
  /** 0 is left out. */
  readonly clusterId: number;
  readonly maxConnectedClusters: number;
  /** Set by kvstoremesh for the configs that it copies; never for the local cluster. */
  readonly cached?: boolean;
}

/** Value of `cilium/cluster-config/<C>`, read by every remote agent before anything else (spec/k8s-sync.md §5). */
export function clusterConfigValue({
  clusterId,
  maxConnectedClusters,
  cached = false,
}: ClusterConfig): Bytes {
  const id = clusterId === 0 ? '' : `"id":${clusterId},`;
  const capabilities = ['"syncedCanaries":true'];
  if (cached) capabilities.push('"cached":true');
  if (maxConnectedClusters !== 0) capabilities.push(`"maxConnectedClusters":${maxConnectedClusters}`);
  return `{${id}"capabilities":{${capabilities.join(',')}}}`;
}
