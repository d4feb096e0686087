/** Identity numbers that belong to a cluster, both ends included. */
export interface IdentityRange {
  readonly min: number;
  readonly max: number;
}

const identityBits = 24;
/** Below are Cilium's reserved and well-known identities. */
const firstOfCluster0 = 256;

/** The upper 8 bits of an identity (9 with 511 clusters) name the cluster (spec/external-workloads.md §5.1). */
export function identityRange(clusterId: number, maxConnectedClusters: number): IdentityRange {
  const size = 2 ** (identityBits - (maxConnectedClusters > 255 ? 9 : 8));
  const start = clusterId * size;
  return { min: Math.max(firstOfCluster0, start), max: start + size - 1 };
}

export function inRange(range: IdentityRange, number: number): boolean {
  return number >= range.min && number <= range.max;
}
