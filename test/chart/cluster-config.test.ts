import { describe, expect, it } from 'vitest';
import { render } from './support/helm.js';
import { matrix } from './support/matrix.js';

const directory = '/var/lib/cilium/clustermesh';

/** As the stock chart writes it: no newline at the end. */
function clientFile(endpoint: string, files: string, ca = files): string {
  return [
    'endpoints:',
    `- ${endpoint}`,
    `trusted-ca-file: ${directory}/${ca}etcd-client-ca.crt`,
    `key-file: ${directory}/${files}etcd-client.key`,
    `cert-file: ${directory}/${files}etcd-client.crt`,
  ].join('\n');
}

const beta = clientFile('https://beta.mesh.cilium.io:32379', 'common-');
const gamma = clientFile('https://gamma.example.com:2379', 'common-');
const delta = clientFile('https://delta.example.com:2379', 'delta.');
const ownTls = {
  'delta.etcd-client.key': 'delta key',
  'delta.etcd-client.crt': 'delta cert',
  'delta.etcd-client-ca.crt': 'delta ca',
};

describe('with kvstoremesh', () => {
  it('agents read every cluster from the cache, and kvstoremesh reads the clusters', async () => {
    const chart = await render(matrix['clusters through kvstoremesh']);

    const cache = clientFile('https://clustermesh-apiserver.kube-system.svc:2379', 'common-');
    expect(chart.secret('cilium-clustermesh')).toEqual({ beta: cache, gamma: cache, delta: cache });
    expect(chart.secret('cilium-kvstoremesh')).toEqual({ beta, gamma, delta, ...ownTls });
  });

  it('agents read the cache in the external etcd, if that is where it is', async () => {
    const { externalEtcd } = matrix['external etcd']!;
    const chart = await render({ ...matrix['clusters through kvstoremesh'], externalEtcd });

    const endpoints = 'https://etcd-0.example.com:2379\n- https://etcd-1.example.com:2379';
    expect(chart.secret('cilium-clustermesh').beta).toBe(clientFile(endpoints, 'common-'));
  });
});

describe('without kvstoremesh', () => {
  it('agents read the clusters themselves', async () => {
    const chart = await render(matrix['clusters without kvstoremesh']);

    expect(chart.secret('cilium-clustermesh')).toEqual({ beta, gamma, delta, ...ownTls });
    expect(chart.find('Secret', 'cilium-kvstoremesh')).toBeUndefined();
  });
});

describe('certificates of an entry', () => {
  const secretOf = async (tls: object): Promise<Record<string, string>> => {
    const cluster = { name: 'delta', port: 2379, address: 'delta.example.com', tls };
    const config = { enabled: true, clusters: [cluster] };
    return (await render({ clustermesh: { config } })).secret('cilium-kvstoremesh');
  };

  it('without a CA are checked against the common one', async () => {
    expect(await secretOf({ cert: 'Yw==', key: 'aw==' })).toEqual({
      delta: clientFile('https://delta.example.com:2379', 'delta.', 'common-'),
      'delta.etcd-client.key': 'k',
      'delta.etcd-client.crt': 'c',
    });
  });

  it('need both parts: a CA alone is ignored, as in the stock chart', async () => {
    expect(await secretOf({ caCert: 'YQ==' })).toEqual({
      delta: clientFile('https://delta.example.com:2379', 'common-'),
    });
  });
});

describe('host aliases', () => {
  const aliases = async (values: object): Promise<unknown> =>
    (await render({ ...values })).get('Deployment').spec.template.spec.hostAliases;

  it('name the clusters that are given by address, for kvstoremesh', async () => {
    expect(await aliases(matrix['clusters through kvstoremesh']!)).toEqual([
      { ip: '172.18.0.3', hostnames: ['beta.mesh.cilium.io'] },
      { ip: 'fd00::3', hostnames: ['beta.mesh.cilium.io'] },
    ]);
    expect(await aliases(matrix['clusters without kvstoremesh']!)).toBeUndefined();
    expect(await aliases({})).toBeUndefined();
  });

  it('come once for an address that several clusters share', async () => {
    const clusters = ['beta', 'gamma'].map((name) => ({ name, port: 2379, ips: ['192.0.2.1'] }));
    const config = { enabled: true, clusters, domain: 'mesh.example.com' };

    expect(await aliases({ clustermesh: { config } })).toEqual([
      { ip: '192.0.2.1', hostnames: ['beta.mesh.example.com', 'gamma.mesh.example.com'] },
    ]);
  });
});

describe('etcd users', () => {
  const users = async (values: object): Promise<string | undefined> =>
    (await render({ ...values })).find('ConfigMap', 'clustermesh-remote-users')?.data['users.yaml'];

  it('are one for each cluster and, for the cache, this one', async () => {
    const listed = (...names: string[]): string =>
      ['users:', ...names.flatMap((name) => [`- name: remote-${name}`, '  role: remote']), ''].join('\n');

    expect(await users(matrix['users being migrated']!)).toBe(listed('alpha', 'beta', 'gamma', 'delta'));
    expect(await users({ ...matrix['a user for each cluster'], kvstoremesh: { enabled: false } })).toBe(
      listed('beta', 'gamma', 'delta'),
    );
    expect(await users({})).toBeUndefined();
  });
});

describe('a cluster without a number', () => {
  it('has no peers: no kvstoremesh, no certificates and no secrets for them', async () => {
    const chart = await render({
      ...matrix['external workloads only'],
      clustermesh: { config: { enabled: true } },
    });

    const secrets = chart.names().filter((name) => name.startsWith('Secret/'));
    expect(secrets).toEqual([
      'Secret/cilium-ca',
      'Secret/clustermesh-apiserver-admin-cert',
      'Secret/clustermesh-apiserver-client-cert',
      'Secret/clustermesh-apiserver-server-cert',
    ]);
    expect(() => chart.container('kvstoremesh')).toThrow('no container kvstoremesh');
  });
});
