import { describe, expect, it } from 'vitest';
import { textOf } from '../../../src/common/bytes.js';
import { projectNode } from '../../../src/modules/k8s-sync/projections/node.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';

const ctx = { clusterName: 'east', clusterId: 3 };

function entryOf(object: object): { key: string; value: string } {
  const projected = projectNode(object as KubeObject, ctx);
  if (projected.kind !== 'entries' || !projected.entries[0]) throw new Error('a node always has its key');
  return projected.entries[0];
}

const bare =
  '{"Name":"bare","Cluster":"east","IPAddresses":null,"IPv4AllocCIDR":null,"IPv4SecondaryAllocCIDRs":null,' +
  '"IPv6AllocCIDR":null,"IPv6SecondaryAllocCIDRs":null,"IPv4HealthIP":"","IPv6HealthIP":"","IPv4IngressIP":"",' +
  '"IPv6IngressIP":"","ClusterID":3,"Source":"custom-resource","EncryptionKey":0,"Labels":null,"Annotations":null,' +
  '"NodeIdentity":0,"WireguardPubKey":"","BootID":""}';

describe(projectNode.name, () => {
  const specs: unknown[] = [
    undefined,
    null,
    {},
    'text',
    { addresses: null, ipam: null, health: null, ingress: null, encryption: null, bootid: null },
    {
      addresses: [null, {}, 7],
      ipam: { podCIDRs: [null, 7, 'x'], pools: { allocated: [null, { cidrs: 'x' }] } },
    },
    { encryption: { key: '3' }, nodeidentity: 1.5, bootid: 7, health: { ipv4: 'nope' } },
  ];
  for (const spec of specs) {
    it(`has all 19 fields for ${JSON.stringify(spec)}`, () => {
      expect(entryOf({ metadata: { name: 'bare' }, spec })).toEqual({
        key: 'cilium/state/nodes/v1/east/bare',
        value: bare,
      });
    });
  }

  it('keeps integer-like labels and annotations in byte order', () => {
    const { value } = entryOf({
      metadata: { name: 'n', labels: { b: 'x', '1': 'y', '-': 'z' }, annotations: { é: 'ü' } },
    });

    expect(textOf(value)).toContain('"Labels":{"-":"z","1":"y","b":"x"},"Annotations":{"é":"ü"}');
  });

  it('prints no map at all for empty ones', () => {
    expect(entryOf({ metadata: { name: 'bare', labels: {}, annotations: {} } }).value).toBe(bare);
  });
});
