import { describe, expect, it } from 'vitest';
import { entryFault } from '../../../src/modules/kvstoremesh/entry-check.js';

const context = { cluster: 'east', clusterId: 3, maxConnectedClusters: 255 };
const label = 'k8s:io.cilium.k8s.policy.cluster=east;';

describe(entryFault, () => {
  it.each([
    ['nodes', 'n1', '{"Name":"n1","Cluster":"east","ClusterID":3}'],
    ['services', 'ns/a', '{"cluster":"east","namespace":"ns","name":"a","clusterID":3}'],
    [
      'services',
      'ns/a',
      '{"cluster":"east","namespace":"ns","name":"a","clusterID":3,"frontends":{"10.1.0.1":{},"fd00::1":{}},"backends":{"10.0.0.1":{},"10.0.0.2@5":{}}}',
    ],
    ['ip', '10.0.0.1', '{"IP":"10.0.0.1"}'],
    ['ip', 'fd00::1', '{"IP":"fd00:0::1","Mask":null}'],
    ['ip', 'fd00::/64', '{"IP":"fd00::","Mask":"//////////8AAAAAAAAAAA=="}'],
    ['ip', '10.0.0.1/32', '{"IP":"10.0.0.1","Mask":"/////w=="}'],
    ['ip', '10.0.0.0/24', '{"IP":"10.0.0.0","Mask":"////AA=="}'],
    ['identities', 'id/196608', label],
    ['identities', 'id/262143', `k8s:app=a;${label}`],
    ['identities', 'id/262143', label.slice(0, -1)],
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
    ['nodes', '', '{"Name":"","Cluster":"east","ClusterID":3}'],
    ['services', '/', '{"cluster":"east","namespace":"","name":"","clusterID":3}'],
    ['services', 'ns/a', '{"cluster":"east","namespace":"ns","name":"a"}'],
    ['services', 'ns/a', '{"cluster":"east","namespace":"ns","name":"a","clusterID":3,"frontends":{"x":{}}}'],
    ['services', 'ns/a', '{"cluster":"east","namespace":"ns","name":"a","clusterID":3,"backends":{"":{}}}'],
    ['services', 'ns/a', '{"cluster":"east","namespace":{"toString":1,"valueOf":1},"name":[],"clusterID":3}'],
    ['services', 'ns/b', '{"cluster":"east","namespace":"ns","name":"a","clusterID":3}'],
    ['services', 'ns/a', '{"cluster":"west","namespace":"ns","name":"a","clusterID":3}'],
    ['ip', '10.0.0.1', '{"IP":"10.0.0.2"}'],
    ['ip', '10.0.0.1', '\xff\x00'],
    ['ip', '10.0.0.1', '{"IP":{"toString":1}}'],
    ['ip', '10.0.0.0/16', '{"IP":"10.0.0.0","Mask":"////AA=="}'],
    ['ip', '10.0.0.0', '{"IP":"10.0.0.0","Mask":"////AA=="}'],
    ['ip', '10.0.0.0/24', '{"IP":"10.0.0.0"}'],
    ['ip', '10.0.0.0/8', '{"IP":"10.0.0.0","Mask":"/wD/AA=="}'],
    ['ip', 'fd00:0::1', '{"IP":"fd00:0::1"}'],
    ['identities', 'id/196607', label],
    ['identities', 'id/262144', label],
    ['identities', 'id/x', label],
    ['identities', 'id/196609', 'k8s:app=a;'],
    ['identities', 'id/196609', `other-${label}`],
    ['identities', 'id/196609', ''],
  ] as const)('complains of %s %s = %s', (type, suffix, value) => {
    expect(entryFault(type, suffix, value, context)).toBeDefined();
  });

  it('takes 15 bits for an identity when there may be 511 clusters', () => {
    const wide = { ...context, maxConnectedClusters: 511 };

    expect(entryFault('identities', `id/${3 * 32768 + 1}`, label, wide)).toBeUndefined();
    expect(entryFault('identities', `id/${3 * 65536 + 1}`, label, wide)).toBeDefined();
  });
});
