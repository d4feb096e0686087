import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, textOf } from '../../../src/common/bytes.js';
import { projectEndpoint } from '../../../src/modules/k8s-sync/projections/endpoint.js';
import { projectIdentity } from '../../../src/modules/k8s-sync/projections/identity.js';
import { projectNode } from '../../../src/modules/k8s-sync/projections/node.js';
import type { Projected } from '../../../src/modules/k8s-sync/projections/projection.js';
import { ServiceJoin } from '../../../src/modules/k8s-sync/projections/service-join.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';

/** Every field that a projection reads, holding anything: the API server vouches for the metadata's name only. */
const fields = [
  'status',
  'networking',
  'addressing',
  'ipv4',
  'ipv6',
  'node',
  'identity',
  'id',
  'encryption',
  'key',
  'health',
  'addresses',
  'type',
  'ip',
  'ipam',
  'podCIDRs',
  'pools',
  'allocated',
  'cidrs',
  'ingress',
  'nodeidentity',
  'bootid',
  'clusterIP',
  'clusterIPs',
  'ports',
  'name',
  'port',
  'protocol',
  'selector',
  'endpoints',
  'conditions',
  'ready',
  'hostname',
  'subsets',
  'addressType',
  'kubernetes.io/service-name',
  'service.cilium.io/global',
  '__proto__',
];
const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    '',
    'None',
    'IPv4',
    'TCP',
    'web',
    '10.1.0.1',
    'fd10::1',
    '10.0.0.0/8',
    'cidr:x',
  ),
  fc.integer(),
  fc.double(),
  fc.string(),
);
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'medium', withCrossShrink: true }, leaf, tie('list'), tie('record')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  record: fc.dictionary(fc.constantFrom(...fields), tie('value'), { maxKeys: 6 }),
})).value;

const object = fc
  .record({
    labels: anything,
    annotations: anything,
    body: fc.dictionary(
      fc.constantFrom('spec', 'status', 'security-labels', 'addressType', 'endpoints', 'ports', 'subsets'),
      anything,
    ),
  })
  .map(({ labels, annotations, body }) => {
    const metadata = { namespace: 'shop', name: 'web', labels, annotations };
    // As it would come from the wire.
    return JSON.parse(JSON.stringify({ ...body, metadata })) as KubeObject;
  });

const ctx = { clusterName: 'east', clusterId: 3 };

function projectWithBackends(
  service: KubeObject,
  backends: KubeObject,
  kind: 'slice' | 'endpoints',
): Projected {
  const join = new ServiceJoin({ ctx, exportAll: true });
  join.serviceUpsert('shop/web', service);
  join.backendsUpsert('shop/web', backends, kind);
  return join.project('shop/web');
}

function isBytes(text: string): boolean {
  return bytesOf(textOf(text)) === text;
}

function checkJson(projected: Projected): void {
  for (const { key, value } of projected.kind === 'entries' ? projected.entries : []) {
    expect(isBytes(key) && isBytes(value)).toBe(true);
    expect(Object.keys(JSON.parse(textOf(value)) as object).length).toBeGreaterThan(0);
  }
}

describe('objects with anything in any field', () => {
  const runs = { numRuns: 200 };

  it('never break a projection, and what is written is whole', () => {
    fc.assert(
      fc.property(object, (any) => {
        checkJson(projectNode(any, ctx));
        checkJson(projectEndpoint(any));
        const identity = projectIdentity(any);
        if (identity.kind === 'entries') expect(identity.entries[0]?.value).toMatch(/;$/);
      }),
      runs,
    );
  });

  it('never break the join', () => {
    const spec = { type: 'ClusterIP', clusterIP: '10.96.0.1' };
    const service = fc.oneof(
      object,
      fc.constant({ metadata: { namespace: 'shop', name: 'web' }, spec } as KubeObject),
    );
    const owned = object.map((any) => ({
      ...any,
      metadata: { ...any.metadata, labels: { 'kubernetes.io/service-name': 'web' } },
    }));
    fc.assert(
      fc.property(service, owned, (any, backends) => {
        checkJson(projectWithBackends(any, backends, 'slice'));
        checkJson(projectWithBackends(any, backends, 'endpoints'));
      }),
      runs,
    );
  });
});
