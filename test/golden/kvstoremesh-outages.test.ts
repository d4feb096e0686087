import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { endpoints } from '../support/mesh-lab.js';
import { fill, meshCases, MeshGolden, ready } from './kvstoremesh-lab.js';

/** The recorded cases about what breaks and what is limited, with real etcds. */
describe('kvstoremesh.json: outages and limits', () => {
  let golden: MeshGolden;

  const begin = async (name: string): Promise<MeshGolden> => {
    golden = await MeshGolden.create(name);
    return golden;
  };

  afterEach(async () => {
    await golden.end();
  });

  it('no_heartbeat', async () => {
    const g = await begin('no_heartbeat');
    await g.configured('east');
    await g.start({ timing: { heartbeatMs: 1500 } });
    await ready(g);

    await g.expectState('end');
  });

  it('remote_down', async () => {
    const g = await begin('remote_down');
    const remote = await g.configured('east');
    await g.start();
    await g.expectState('ready');

    await remote.kill();
    await g.expectState('cached data is kept while down');
    await remote.restart();
    await remote.client().delete('cilium/state/nodes/v1/east/n1');
    await remote.client().put('cilium/state/nodes/v1/east/n5', 'new');
    await g.expectState('recovered');
  });

  it('fresh_etcd_new_cluster_id', async () => {
    const g = await begin('fresh_etcd_new_cluster_id');
    const first = await g.configured('east');
    await g.start();
    await eventually(async () => (await g.lab.readyz())[0] === 200);
    await first.kill();
    const fresh = await g.empty('east', {
      port: first.clientPort,
      args: ['--initial-cluster-token=another'],
    });
    await g.expectState('empty remote: cache kept');

    await fill(fresh, {
      'cilium/cluster-config/east':
        '{"id":3,"capabilities":{"syncedCanaries":true,"maxConnectedClusters":255}}',
    });
    await g.expectState('config but no canaries: cache kept');
    await fill(fresh, { 'cilium/state/nodes/v1/east/n7': nodeOf(g) });
    const canaries = ['nodes', 'services', 'identities', 'ip'].map((t) => [
      `cilium/synced/east/cilium/state/${t}/v1`,
      '',
    ]);
    await fill(fresh, Object.fromEntries(canaries) as Record<string, string>);
    await g.expectState('stale keys deleted');
  });

  const nodeOf = (g: MeshGolden): string =>
    g.expectation('stale keys deleted').local_keys?.['cilium/cache/nodes/v1/east/n7'] ?? '';

  it('lease_expiry: everything is back at once (difference 2)', async () => {
    const g = await begin('lease_expiry');
    await g.configured('east');
    await g.start();
    await eventually(async () => (await g.lab.readyz())[0] === 200);

    for (const lease of await g.local.client().leases()) await g.local.client().revoke(lease);

    await g.expectState('end');
  });

  it('local_wiped: everything is back, the configuration too (difference 2)', async () => {
    const g = await begin('local_wiped');
    await g.configured('east');
    await g.start();
    await eventually(async () => (await g.lab.readyz())[0] === 200);

    await g.replaceLocal();

    await g.expectState('end');
  });

  it('unreachable', async () => {
    const g = await begin('unreachable');
    const remote = await g.configured('east');
    await remote.kill();
    await g.start({ args: ['--per-cluster-ready-timeout=1s'] });
    await g.expectState('40s');

    await remote.restart();
    await g.expectState('ready');
  });

  it('global_timeout', async () => {
    const g = await begin('global_timeout');
    await g.configured('east');
    await g.start({ args: ['--global-ready-timeout=2s', '--per-cluster-ready-timeout=1s'] });
    await eventually(async () => (await g.lab.cluster('east'))?.connected);
    expect(await g.lab.readyz()).toEqual([500, 'NotReady']);

    await g.expectState('end');
  });

  it('config_enforced: at once (difference 3)', async () => {
    const g = await begin('config_enforced');
    await g.configured('east');
    await g.start();
    await eventually(async () => (await g.lab.readyz())[0] === 200);
    const before = await g.localKeys();

    await g.local.client().delete('cilium/cluster-config/east');
    await g.local.client().put('cilium/cache/nodes/v1/east/n1', 'tampered');

    await g.expectState('end', { local_keys: before });
  });

  it('missing_cert_hang: removal and stop do not hang', async () => {
    const g = await begin('missing_cert_hang');
    await g.folder.set('east', `${endpoints('https://127.0.0.1:1')}trusted-ca-file: /nonexistent/ca.crt\n`);
    await g.start();
    await g.expectState('running');
    expect(g.lab.stage('east')?.state).toBe('files');

    await g.folder.remove('east');
    // A cluster that is gone holds back nothing: ready, where the original is not.
    await g.expectState('12s later', { 'GET /readyz': [200, 'Ready'] });
  });

  it('pagination: the canary is written after the last of 700 keys', async () => {
    const g = await begin('pagination');
    const remote = await g.configured('east');
    const ips = Array.from({ length: 700 }, (_, n) => [
      `cilium/state/ip/v1/default/10.0.${n >> 8}.${n & 255}`,
      '{}',
    ]);
    await fill(remote, {
      'cilium/cluster-config/east': '{"id":3}',
      ...(Object.fromEntries(ips) as Record<string, string>),
    });
    await g.start();
    await ready(g);
    await eventually(async () => (await g.lab.readyz())[0] === 200);

    const copies = await g.local.client().entries('cilium/cache/ip/v1/east/');
    const canary = await g.local.client().entry('cilium/synced/east/cilium/cache/ip/v1');
    expect(copies).toHaveLength(700);
    expect(Number(canary?.mod_revision)).toBeGreaterThan(
      Math.max(...copies.map((entry) => Number(entry.mod_revision))),
    );
  });

  it('rate_limit: 600 nodes at the default budget in far less than the 29 s of the original', async () => {
    const g = await begin('rate_limit');
    const remote = await g.configured('east');
    const value = 'x'.repeat(400);
    const nodes = Array.from({ length: 600 }, (_, n) => [`cilium/state/nodes/v1/east/n${n}`, value]);
    await fill(remote, {
      'cilium/cluster-config/east': '{"id":3}',
      ...(Object.fromEntries(nodes) as Record<string, string>),
    });
    await g.start({ qps: 20 });

    await eventually(async () => (await g.lab.readyz())[0] === 200, { timeoutMs: 5000 });
    expect(await g.local.client().entries('cilium/cache/nodes/v1/east/')).toHaveLength(600);
  });
});

describe('kvstoremesh.json', () => {
  it('is replayed in full by this file and its neighbour', () => {
    const sources = ['kvstoremesh.test.ts', 'kvstoremesh-outages.test.ts'].map((file) =>
      readFileSync(new URL(file, import.meta.url), 'utf8'),
    );

    for (const name of meshCases.keys())
      expect(sources.join('')).toMatch(new RegExp(`(begin\\(|\\[)'${name}'`));
  });
});
