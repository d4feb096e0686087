import { ClusterGenerator, type ClusterShape, largeCluster } from '../../dev/cluster-generator.js';

/** The reference shape as the real kube-apiserver of the benches (1.20) serves it. */
export const referenceShape: ClusterShape = { ...largeCluster, sliceVersion: 'v1beta1' };

/** Keys under cilium/state/ that the authored objects give. */
export function stateKeys(shape: ClusterShape): number {
  return new ClusterGenerator(shape).keyCount;
}
