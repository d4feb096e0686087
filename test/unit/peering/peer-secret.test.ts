import { describe, expect, it } from 'vitest';
import {
  clientFile,
  endpointsOf,
  handedClientFile,
  handedFiles,
  namedFiles,
  ownFiles,
} from '../../../src/modules/peering/client-file.js';
import {
  base64,
  directEntries,
  peersOf,
  textOf,
  withoutPeer,
  withPeer,
} from '../../../src/modules/peering/peer-secret.js';
import { handedPeers } from '../../../src/modules/peering/secret-manifest.js';

const identity = { ca: 'CA', cert: 'CERT', key: 'KEY' };
const delta = directEntries({ name: 'delta', endpoints: ['https://delta.example.com:2379'], identity });
const alpha = directEntries({ name: 'alpha', endpoints: ['https://[fd00::1]:2379'] });

describe('the keys of a peer', () => {
  it('are those of the chart, without a newline at the end', () => {
    expect(Object.keys(delta)).toEqual([
      'delta',
      'delta.etcd-client-ca.crt',
      'delta.etcd-client.key',
      'delta.etcd-client.crt',
    ]);
    expect(textOf(delta['delta'] ?? '')).toBe(`endpoints:
- https://delta.example.com:2379
trusted-ca-file: /var/lib/cilium/clustermesh/delta.etcd-client-ca.crt
key-file: /var/lib/cilium/clustermesh/delta.etcd-client.key
cert-file: /var/lib/cilium/clustermesh/delta.etcd-client.crt`);
  });

  it('can be read back, in both forms', () => {
    for (const form of [clientFile, handedClientFile]) {
      const text = form(['https://[fd00::1]:2379', 'https://h:1'], ownFiles('a'));
      expect(endpointsOf(text)).toEqual(['https://[fd00::1]:2379', 'https://h:1']);
      expect(new Set(namedFiles(text))).toEqual(new Set(Object.values(ownFiles('a'))));
    }
    expect(namedFiles('endpoints: [')).toEqual([]);
  });
});

describe('merging a peer', () => {
  it('keeps every other peer, and replaces its own keys whole', () => {
    const before = { ...delta, ...alpha, 'somebody.else': 'x' };

    expect(withPeer(before, 'beta', { beta: 'B' })).toEqual({ ...before, beta: 'B' });
    const shared = directEntries({ name: 'delta', endpoints: ['https://d:1'] });
    expect(withPeer(before, 'delta', shared)).toEqual({ ...alpha, ...shared, 'somebody.else': 'x' });
  });

  it('takes away files of either form, but none that another peer names', () => {
    const files = handedFiles('beta');
    const beta = {
      beta: base64(handedClientFile(['https://b:1'], files)),
      [files.ca]: 'a',
      [files.cert]: 'c',
      [files.key]: 'k',
    };
    const borrower = { gamma: base64(clientFile(['https://g:1'], { ...ownFiles('gamma'), ca: files.ca })) };

    expect(withoutPeer({ ...beta, ...alpha }, 'beta')).toEqual(alpha);
    expect(withoutPeer({ ...beta, ...borrower }, 'beta')).toEqual({ ...borrower, [files.ca]: 'a' });
    expect(peersOf({ ...beta, ...alpha, ...borrower })).toEqual(['alpha', 'beta', 'gamma']);
  });
});

describe('manifests', () => {
  const secret = (data: Readonly<Record<string, string>>): string => JSON.stringify({ kind: 'Secret', data });
  const read = (...texts: string[]): unknown =>
    handedPeers(texts.map((text, index) => ({ path: `f${index}`, text })));

  it('give clusters in JSON, in a List, and as several YAML documents', () => {
    const both = [
      { name: 'alpha', entries: alpha },
      { name: 'delta', entries: delta },
    ];

    expect(read(secret(delta), secret(alpha))).toEqual(both);
    expect(
      read(JSON.stringify({ kind: 'List', items: [JSON.parse(secret(alpha)), JSON.parse(secret(delta))] })),
    ).toEqual(both);
    expect(read(`${secret(alpha)}\n---\n${secret(delta)}\n---\n`)).toEqual(both);
  });

  const other = directEntries({ name: 'alpha', endpoints: ['https://other:1'] });
  const faults: [what: string, texts: string[], message: string][] = [
    ['no secret', ['{"kind":"ConfigMap"}'], 'f0: kind is not Secret'],
    ['no object', ['x'], 'f0: kind is not Secret'],
    ['no YAML', ['a: ['], 'f0: expected a Secret in JSON or YAML'],
    [
      'no cluster',
      [secret({ a: base64('b') })],
      'f0: no key of its data is a cluster: expected `endpoints:` in one',
    ],
    ['no base64', [secret({ a: '***' })], 'f0: data.a is no base64'],
    ['a bad name', [secret({ 'A.b': base64('endpoints: [x]') })], 'f0: cluster name "A.b" must consist'],
    ['no endpoints', [secret({ a: base64('endpoints: []') })], 'f0: data.a has no endpoints'],
    [
      'a missing file',
      [secret({ delta: delta['delta'] ?? '' })],
      'f0: data.delta names the file delta.etcd-client-ca.crt',
    ],
    [
      'two that differ',
      [secret(alpha), secret(other)],
      'cluster alpha is in f0 and in f1 with different contents',
    ],
  ];
  for (const [what, texts, message] of faults) {
    it(`refuse ${what}`, () => {
      expect(() => read(...texts)).toThrow(message);
    });
  }
});
