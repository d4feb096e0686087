import { describe, expect, it } from 'vitest';
import { entryFault } from '../../../src/modules/kvstoremesh/entry-check.js';

const context = { cluster: 'east', clusterId: 3, maxConnectedClusters: 255 };
const label = 'k8s:io.cilium.k8s.policy.cluster=east;';

describe(entryFault, () => {
  it.each([
    ['nodes', 'n1', '{"Name":"n1","Cluster":"east","ClusterID":3}'],
    ['services', 'ns/a', '{"cluster":"east","namespace":"ns","name":"a","clusterID":3}'],
    ['ip', '10.0.0.1', '{"IP":"10.0.0.1"}'],
    ['ip', '10.0.0.0/24', '{"IP":"10.0.0.0","Mask":"////AA=="}'],
    ['identities', 'id/196608', label],
    ['identities', 'id/262143', `k8s:app=a;${label}`],
    ['identities', 'value/whatever', ''],
  ] as const)('has nothing against %s %s', (type, suffix, value) => {
    expect(entryFault(type, suffix, value, context)).toBeUndefined();
  });

  it.each([
    ['nodes', 'n1', 'no json'],
    ['nodes', 'n1', 'null'],
    ['nodes', 'n2', '{"Name":"n1","Cluster":"east","ClusterID":3}'],
    ['nodes', 'n1', '{"Name":"n1","Cluster":"west","ClusterID":3}'],
    ['nodes', 'n1', '{"Name":"n1","Cluster":"east","ClusterID":4}'],
    ['nodes', 'n1', '{"Name":"n1","Cluster":"east"}'],
    ['services', 'ns/b', '{"cluster":"east","namespace":"ns","name":"a","clusterID":3}'],
    ['services', 'ns/a', '{"cluster":"west","namespace":"ns","name":"a","clusterID":3}'],
    ['ip', '10.0.0.1', '{"IP":"10.0.0.2"}'],
    ['ip', '10.0.0.1', '\xff\x00'],
    ['identities', 'id/196607', label],
    ['identities', 'id/262144', label],
    ['identities', 'id/x', label],
    ['identities', 'id/196609', 'k8s:app=a;'],
  ] as const)('complains of %s %s = %s', (type, suffix, value) => {
    expect(entryFault(type, suffix, value, context)).toBeDefined();
  });

  it('takes 15 bits for an identity when there may be 511 clusters', () => {
    const wide = { ...context, maxConnectedClusters: 511 };

    expect(entryFault('identities', `id/${3 * 32768 + 1}`, label, wide)).toBeUndefined();
    expect(entryFault('identities', `id/${3 * 65536 + 1}`, label, wide)).toBeDefined();
  });
});
