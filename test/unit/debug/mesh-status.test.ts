import { describe, expect, it } from 'vitest';
import { evaluateJsonPath, JsonPathError } from '../../../src/modules/debug/json-path.js';
import { formattedStatus, type MeshCluster, statusText } from '../../../src/modules/debug/mesh-status.js';

/** spec/operations.md §8. */
const clusters: readonly MeshCluster[] = [
  {
    config: { 'cluster-id': 2, required: true, retrieved: true, 'sync-canaries': true },
    connected: true,
    'last-failure': '2026-11-24T12:00:00.000Z',
    name: 'beta',
    'num-nodes': 1,
    'num-failures': 1,
    ready: true,
    status: 'etcd: 1/1 connected',
    synced: { endpoints: true, identities: true, nodes: true, services: true },
  },
  {
    'last-failure': '0001-01-01T00:00:00.000Z',
    name: 'gamma',
    status: 'Waiting for initial connection to be established',
    synced: {},
  },
];
const now = Date.parse('2026-11-24T12:00:56.700Z');

describe(statusText.name, () => {
  it('is the text of the contract', () => {
    expect(statusText(clusters, false, now)).toBe(`KVStoreMesh:\t1/2 remote clusters ready
   beta: ready, 1 nodes, 0 endpoints, 0 identities, 0 services, 1 reconnections (last: 56s ago)
   gamma: not-ready, 0 nodes, 0 endpoints, 0 identities, 0 services, 0 reconnections (last: never)
   └  Waiting for initial connection to be established
   └  remote configuration: expected=unknown, retrieved=unknown
   └  synchronization status: nodes=false, endpoints=false, identities=false, services=false
`);
  });

  it('shows the details of ready clusters too when asked to', () => {
    expect(statusText(clusters.slice(0, 1), true, now).split('\n').slice(2)).toEqual([
      '   └  etcd: 1/1 connected',
      '   └  remote configuration: expected=true, retrieved=true, cluster-id=2, kvstoremesh=false, sync-canaries=true',
      '   └  synchronization status: nodes=true, endpoints=true, identities=true, services=true',
      '',
    ]);
  });

  it('says so when there are none, or a configuration is not there yet', () => {
    expect(statusText([], false, now)).toBe('KVStoreMesh:\t0/0 remote clusters ready\n');
    expect(statusText([{ name: 'x', config: { required: true } }], false, now)).toContain(
      'remote configuration: expected=true, retrieved=false\n',
    );
  });
});

describe(formattedStatus.name, () => {
  it('is JSON, indented by two', () => {
    expect(formattedStatus('json', clusters)).toBe(`${JSON.stringify(clusters, null, 2)}\n`);
  });

  it('is YAML with the original’s names, zero values included', () => {
    expect(formattedStatus('yaml', clusters.slice(1))).toBe(`- config: null
  connected: false
  lastfailure: 0001-01-01T00:00:00.000Z
  name: gamma
  numendpoints: 0
  numfailures: 0
  numidentities: 0
  numnodes: 0
  numsharedservices: 0
  ready: false
  status: Waiting for initial connection to be established
  synced:
    endpoints: false
    identities: false
    nodes: false
    services: false
`);
    expect(formattedStatus('yaml', clusters.slice(0, 1))).toMatch(
      /^- config:\n {4}clusterid: 2\n {4}kvstoremesh: false\n {4}required: true\n {4}retrieved: true\n {4}synccanaries: true\n {2}connected: true\n/,
    );
  });

  it('is what a path leads to', () => {
    expect(formattedStatus('jsonpath={[0].name}', clusters)).toBe('beta\n');
  });

  it('knows no other form', () => {
    for (const output of ['xml', 'jsonpath', 'JSON'])
      expect(formattedStatus(output, clusters)).toBeUndefined();
    expect(() => formattedStatus('jsonpath=', clusters)).toThrow(JsonPathError);
  });
});

describe(evaluateJsonPath.name, () => {
  const cases: [template: string, expected: string][] = [
    ['{[*].name}', 'beta gamma'],
    ['{[-1].name}', 'gamma'],
    ['{$[0].config.cluster-id}', '2'],
    ["{[0]['config']['cluster-id']}", '2'],
    ['a {[0].ready}{"\\n"}b', 'a true\nb'],
    ['{[0].nope.deeper}', ''],
    ['{[1].synced}', '{}'],
  ];
  for (const [template, expected] of cases) {
    it(template, () => expect(evaluateJsonPath(template, clusters)).toBe(expected));
  }

  for (const template of ['{[0].name', '{[0}', '{.a..b}', '{name}']) {
    it(`refuses ${template}`, () => {
      expect(() => evaluateJsonPath(template, clusters)).toThrow(JsonPathError);
    });
  }
});
