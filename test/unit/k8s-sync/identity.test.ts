import { describe, expect, it } from 'vitest';
import { textOf } from '../../../src/common/bytes.js';
import { projectIdentity } from '../../../src/modules/k8s-sync/projections/identity.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';

function identity(labels: unknown, name = '200101'): KubeObject {
  return { metadata: { name }, 'security-labels': labels } as KubeObject;
}

function valueOf(labels: unknown): string | undefined {
  const projected = projectIdentity(identity(labels));
  return projected.kind === 'entries' ? textOf(projected.entries[0]?.value ?? '') : undefined;
}

describe(projectIdentity.name, () => {
  it('writes the example of spec/k8s-sync.md §8', () => {
    const projected = projectIdentity(
      identity({
        'k8s:io.kubernetes.pod.namespace': 'shop',
        'k8s:app': 'cart',
        'k8s:io.cilium.k8s.policy.cluster': 'east',
        'k8s:io.cilium.k8s.policy.serviceaccount': 'default',
      }),
    );

    expect(projected).toEqual({
      kind: 'entries',
      entries: [
        {
          key: 'cilium/state/identities/v1/id/200101',
          value:
            'k8s:app=cart;k8s:io.cilium.k8s.policy.cluster=east;' +
            'k8s:io.cilium.k8s.policy.serviceaccount=default;k8s:io.kubernetes.pod.namespace=shop;',
        },
      ],
      complaints: [],
    });
  });

  const names: [string, string, string][] = [
    ['', 'v', 'unspec:=v;'],
    ['$world', '', 'reserved:world=;'],
    ['$', 'init', 'reserved:init=;'],
    ['a:b:c', 'v', 'a:b:c=v;'],
    [':lead', 'v', 'unspec:lead=v;'],
    ['$a:b', 'v', 'reserved:a:b=v;'],
    ['reserved.host', '', 'reserved:host=;'],
    ['reserved.', 'init', 'reserved:init=;'],
    ['reserved.a:b', 'v', 'reserved.a:b=v;'],
    ['reserved:', 'init', 'reserved:init=;'],
    ['reserved:', '', 'reserved:=;'],
    ['plain', 'v', 'unspec:plain=v;'],
  ];
  for (const [name, value, expected] of names) {
    it(`splits ${JSON.stringify(name)}`, () => expect(valueOf({ [name]: value })).toBe(expected));
  }

  it('orders by the key without the source, bytewise', () => {
    const labels = Object.fromEntries(
      ['b', 'a0', 'a.b', 'a-b', 'a', '_x', 'B', 'A.z', '1'].map((key) => [`z:${key}`, '']),
    );

    expect(valueOf(labels)).toBe('z:1=;z:A.z=;z:B=;z:_x=;z:a=;z:a-b=;z:a.b=;z:a0=;z:b=;');
  });

  it('orders equal keys by source, then value', () => {
    expect(valueOf({ 'k8s:app': '1', 'any:app': '2' })).toBe('any:app=2;k8s:app=1;');
    expect(valueOf({ $app: '2', 'reserved:app': '1' })).toBe('reserved:app=1;reserved:app=2;');
  });

  it('orders by UTF-8 bytes', () => {
    expect(valueOf({ 'k:😀': '', 'k:\uff21': '' })).toBe('k:\uff21=;k:😀=;');
  });

  for (const labels of [undefined, null, {}, [], 'text', 7]) {
    it(`ignores an identity whose labels are ${JSON.stringify(labels)}`, () => {
      const fields = { identity: '200101', error: 'missing security labels' };

      expect(projectIdentity(identity(labels))).toEqual({
        kind: 'keep',
        complaints: [{ message: 'Ignoring invalid identity', fields }],
      });
    });
  }

  it('ignores an identity with a label that is no text, for the rest of its labels is another identity', () => {
    expect(projectIdentity(identity({ 'k8s:a': 'b', 'k8s:c': 7 }))).toMatchObject({ kind: 'keep' });
  });

  it('exports a bad CIDR label and says so', () => {
    const projected = projectIdentity(
      identity({ 'cidr:nope': '', 'cidr:fd00--/8': '', 'cidr:10.0.0.0/8': '' }),
    );

    expect(projected).toMatchObject({
      kind: 'entries',
      complaints: [{ message: 'Failed to parse CIDR label: invalid prefix.', fields: { key: 'nope' } }],
    });
  });
});
