import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { MeshGolden, ready, type Transport } from './kvstoremesh-lab.js';

/** The recorded cases with real etcds, TLS and users but for the simplest ones. Times are the original's: where it waited for minutes, we look at once. */
describe('kvstoremesh.json: sources and configuration files', () => {
  let golden: MeshGolden;

  const begin = async (name: string, transport?: Transport): Promise<MeshGolden> => {
    golden = await MeshGolden.create(name, transport);
    return golden;
  };

  afterEach(async () => {
    await golden.end();
  });

  it.each([
    ['no_canaries_capability', 'ready without canaries'],
    ['empty_cluster_config_object', 'ready, cluster id 0'],
  ])('%s, without TLS and users', async (name, label) => {
    const g = await begin(name, 'plain');
    await g.configured('east');
    await g.start();

    await g.expectState(label);
  });

  it('cached_source', async () => {
    const g = await begin('cached_source');
    const remote = await g.configured('east');
    await g.start();
    await g.expectState('state canaries are ignored for a cached source');

    for (const type of ['nodes', 'services', 'identities', 'ip'])
      await remote.client().put(`cilium/synced/east/cilium/cache/${type}/v1`, '');

    await g.expectState('ready');
  });

  it('verbatim: keys are joined literally (difference 5)', async () => {
    const g = await begin('verbatim');
    const remote = await g.configured('east');
    await g.start();
    const ofRemote = g.golden.remote_keys['east'] ?? {};
    const local = (): Record<string, string> => {
      const { local_keys = {} } = g.expectation('copied');
      const kept = Object.entries(local_keys).filter(([key]) =>
        /^cilium\/(synced\/east|cluster-config\/east)/.test(key),
      );
      const copies = Object.entries(ofRemote).flatMap(([key, value]) => {
        const copy = key
          .replace(/^cilium\/state\/(nodes|services)\/v1\/east\//, 'cilium/cache/$1/v1/east/')
          .replace('cilium/state/identities/v1/', 'cilium/cache/identities/v1/east/')
          .replace('cilium/state/ip/v1/default/', 'cilium/cache/ip/v1/east/');
        return copy === key ? [] : [[copy, value]];
      });
      return Object.fromEntries([...kept, ...copies]) as Record<string, string>;
    };
    await g.expectState('copied', { local_keys: local() });

    for (const key of ['a//b', '', '../west/evil'])
      await remote.client().delete(`cilium/state/nodes/v1/east/${key}`);

    const after = local();
    for (const key of ['a//b', '', '../west/evil']) delete after[`cilium/cache/nodes/v1/east/${key}`];
    await g.expectState('after delete', { local_keys: after });
  });

  it('update_delete: drift is repaired (difference 3)', async () => {
    const g = await begin('update_delete');
    const remote = await g.configured('east');
    await g.start();
    await eventually(async () => (await g.lab.readyz())[0] === 200);
    await remote.client().delete('cilium/state/nodes/v1/east/n1');
    await eventually(async () => !('cilium/cache/nodes/v1/east/n1' in (await g.localKeys())));
    const before = await g.localKeys();

    const local = g.local.client();
    await local.put('cilium/cache/services/v1/east/default/echo', 'tampered');
    await local.delete('cilium/cache/ip/v1/east/10.3.0.5');
    await local.put('cilium/cache/nodes/v1/east/alien', 'alien');
    await local.delete('cilium/cluster-config/east');
    await local.delete('cilium/synced/east/cilium/cache/nodes/v1');

    // What hangs on no lease is somebody else's, and stays (difference 4).
    const repaired = { ...before, 'cilium/cache/nodes/v1/east/alien': 'alien' };
    await g.expectState('local drift is NOT repaired', { local_keys: repaired });
    await remote.client().put('cilium/cluster-config/east', '{"id":5}');
    await g.expectState('cluster-config change on remote is not noticed while connected');
  });

  it('config_files', async () => {
    const g = await begin('config_files');
    const remote = await g.remote('east');
    await g.start();
    await g.expectState('empty dir: GET /v1/cluster and /readyz');
    expect(await (await fetch(g.lab.url('api', '/v1/cluster'))).text()).toBe('[]\n');

    await g.folder.set('east', await g.file(remote.endpoint));
    await ready(g);
    await g.folder.set('east', `${await g.file(remote.endpoint)}# a comment\n`);
    await eventually(() => g.lab.stage('east')?.counts['attempts'] === 2, { what: 'a second connection' });
    await g.expectState('after content change');

    await g.folder.set('east', 'nothing of use\n');
    // Whoever writes it in place has half a minute.
    await eventually(() => g.lab.directory.counts['clusters'] === 0, { timeoutMs: 45_000, what: 'removal' });
    await g.expectState('treated as removal');
    await g.folder.set('east', await g.file(remote.endpoint));
    await g.expectState('re-added while draining: delayed');
  });

  it('symlink_dir', async () => {
    const g = await begin('symlink_dir');
    const remote = await g.remote('east');
    const volume = async (version: string, content: string | undefined): Promise<void> => {
      await mkdir(g.folder.file(version));
      if (content !== undefined) await writeFile(join(g.folder.file(version), 'east'), content);
      await symlink(version, g.folder.file('..tmp'));
      await rename(g.folder.file('..tmp'), g.folder.file('..data'));
    };
    await volume('..v1', await g.file(remote.endpoint));
    await symlink('..data/east', g.folder.file('east'));
    await g.start();
    await ready(g);

    await volume('..v2', `${await g.file(remote.endpoint)}# changed\n`);
    await eventually(() => g.lab.stage('east')?.counts['attempts'] === 2, { what: 'a second connection' });
    await g.expectState('after swap');
    await volume('..v3', undefined);
    await rm(g.folder.file('east'));
    await g.expectState('removed');
  });

  it('inplace_rewrite: counts as no change (difference 6)', async () => {
    const g = await begin('inplace_rewrite');
    const remote = await g.configured('east');
    await g.start();
    await ready(g);
    await eventually(async () => (await g.lab.readyz())[0] === 200);
    const before = await g.localKeys();

    await truncate(g.folder.file('east'));
    await eventually(() => g.lab.directory.counts['uselessFiles'] === 1, {
      what: 'the empty file to be seen',
    });
    await writeFile(g.folder.file('east'), await g.file(remote.endpoint));
    await eventually(() => g.lab.directory.counts['uselessFiles'] === 0, {
      what: 'the full file to be seen',
    });

    expect(await g.localKeys()).toEqual(before);
    expect(g.lab.stage('east')?.counts['attempts']).toBe(1);
  });

  it('bad_names', async () => {
    const g = await begin('bad_names');
    const remote = await g.remote('all');
    for (const name of ['Bad_Name', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '-dash', 'a b', 'e.f'])
      await g.folder.set(name, await g.file(remote.endpoint));
    await g.start();

    await g.expectState('3s');
  });

  it('bad_local_config_dir_late', async () => {
    const g = await begin('bad_local_config_dir_late');
    const remote = await g.remote('east');
    await g.folder.set('east', await g.file('https://127.0.0.1:1', remote.endpoint));
    await g.start();

    await g.expectState('ready');
  });

  it('missing_cluster_config', async () => {
    const g = await begin('missing_cluster_config');
    const remote = await g.configured('east');
    await g.start({ args: ['--per-cluster-ready-timeout=1s'] });
    await g.expectState('after 205s');

    await remote
      .client()
      .put(
        'cilium/cluster-config/east',
        '{"id":3,"capabilities":{"syncedCanaries":true,"maxConnectedClusters":255}}',
      );
    await g.expectState('ready');
  });

  it('drain', async () => {
    const g = await begin('drain');
    const remote = await g.configured('east');
    await g.configured('west');
    await g.start({ timing: { drainMs: 4000 } });
    await g.expectState('both ready');

    await remote.client().put('cilium/state/nodes/v1/east/n2', '{}');
    await eventually(async () => 'cilium/cache/nodes/v1/east/n2' in (await g.localKeys()));
    const n2 = (label: string) => ({
      ...g.expectation(label).local_keys,
      'cilium/cache/nodes/v1/east/n2': '{}',
    });
    await g.folder.remove('east');
    await g.expectState('1s after removal: only cluster-config is gone', {
      local_keys: n2('1s after removal: only cluster-config is gone'),
    });
    await g.folder.set('east', await g.file(remote.endpoint));
    await g.expectState('still waiting');
    await g.expectState('175s after removal', { local_keys: n2('175s after removal') });
    await g.expectState('replayed', { local_keys: n2('replayed') });
    expect(await g.lab.metrics()).toContain(
      'cilium_kvstoremesh_remote_clusters{source_cluster="local",source_node_name=""} 2',
    );
  });

  it('drain_disabled: what disappeared meanwhile goes (difference 4)', async () => {
    const g = await begin('drain_disabled');
    const remote = await g.configured('east');
    await g.start();
    await ready(g);
    await g.folder.remove('east');
    await g.expectState('nothing removed');

    await remote.client().delete('cilium/state/nodes/v1/east/n1');
    await g.folder.set('east', await g.file(remote.endpoint));
    const { local_keys, 'GET /v1/cluster': views } = g.expectation(
      'stale n1 stays: documented inconsistency',
    );
    const { 'cilium/cache/nodes/v1/east/n1': _gone, ...rest } = local_keys ?? {};
    await g.expectState('stale n1 stays: documented inconsistency', {
      local_keys: rest,
      ...(views ? { 'GET /v1/cluster': views } : {}),
    });
  });
});
