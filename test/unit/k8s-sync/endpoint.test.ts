import { describe, expect, it } from 'vitest';
import { projectEndpoint } from '../../../src/modules/k8s-sync/projections/endpoint.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';

function endpoint(status: unknown): KubeObject {
  return { metadata: { namespace: 'shop', name: 'cart-0' }, status } as KubeObject;
}

const keysOf = (status: unknown): string[] => {
  const projected = projectEndpoint(endpoint(status));
  if (projected.kind !== 'entries') throw new Error('an endpoint always says what it wants');
  return projected.entries.map(({ key }) => key.replace('cilium/state/ip/v1/default/', ''));
};

describe(projectEndpoint.name, () => {
  it('writes the example of spec/k8s-sync.md §10', () => {
    const projected = projectEndpoint(
      endpoint({
        networking: { addressing: [{ ipv4: '10.1.0.11' }], node: '192.168.7.1' },
        identity: { id: 200001 },
        encryption: { key: 3 },
      }),
    );

    expect(projected).toEqual({
      kind: 'entries',
      entries: [
        {
          key: 'cilium/state/ip/v1/default/10.1.0.11',
          value:
            '{"IP":"10.1.0.11","Mask":null,"HostIP":"192.168.7.1","ID":200001,"Key":3,"Metadata":"",' +
            '"K8sNamespace":"shop","K8sPodName":"cart-0"}',
        },
      ],
      complaints: [],
    });
  });

  it('goes pair by pair, IPv4 first, each address once', () => {
    const addressing = [
      { ipv6: 'FD10::1', ipv4: '10.1.0.1' },
      { ipv4: '10.1.0.2', ipv6: 'fd10:0::1' },
    ];

    expect(keysOf({ networking: { addressing } })).toEqual(['10.1.0.1', 'fd10::1', '10.1.0.2']);
  });

  it('skips what is no IP and says which (difference 11 of golden/README.md)', () => {
    const projected = projectEndpoint(
      endpoint({
        networking: { addressing: [{ ipv4: 'nope', ipv6: 'fd10::1' }, { ipv4: 7 }, { ipv6: 'fe80::1%e' }] },
      }),
    );

    expect(projected.complaints).toEqual(
      ['nope', 7, 'fe80::1%e'].map((address) => ({
        message: 'Skipping an endpoint address that is no IP',
        fields: { address },
      })),
    );
    expect(projected).toMatchObject({ entries: [{ key: 'cilium/state/ip/v1/default/fd10::1' }] });
  });

  const empty = [
    undefined,
    null,
    {},
    { networking: null },
    { networking: {} },
    { networking: { addressing: null } },
  ];
  for (const status of [
    ...empty,
    { networking: { addressing: [null, {}, { ipv4: null, ipv6: '' }, 'x'] } },
    'text',
    [],
  ]) {
    it(`wants nothing for ${JSON.stringify(status)}`, () => {
      expect(projectEndpoint(endpoint(status))).toEqual({ kind: 'entries', entries: [], complaints: [] });
    });
  }
});
