import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';

describe('kvstoremesh, one remote etcd', () => {
  let local: TestEtcd;
  let remote: TestEtcd;
  let folder: ConfigFolder;
  let lab: MeshLab;

  beforeAll(async () => {
    [local, remote, folder] = await Promise.all([startEtcd(), startEtcd(), ConfigFolder.create()]);
    for (const [key, value] of Object.entries(clusterKeys('east', 3))) await remote.client().put(key, value);
    await folder.set('east', endpoints(remote.endpoint));
    lab = await MeshLab.start({ local: local.endpoint, directory: folder.path });
  });

  afterAll(async () => {
    await lab.stop();
    await Promise.all([local.stop(), remote.stop(), folder.delete()]);
  });

  it('copies all four types, the configuration and canaries, and becomes ready', async () => {
    await eventually(async () => (await lab.readyz())[0] === 200, { what: '/readyz' });

    const keys = Object.fromEntries(await local.client().list('cilium/'));
    expect(
      Object.keys(keys)
        .filter((key) => !key.startsWith('cilium/.initlock'))
        .toSorted(),
    ).toEqual([
      'cilium/cache/identities/v1/east/id/196609',
      'cilium/cache/ip/v1/east/10.3.0.5',
      'cilium/cache/nodes/v1/east/n1',
      'cilium/cache/services/v1/east/default/echo',
      'cilium/cluster-config/east',
      'cilium/synced/east/cilium/cache/identities/v1',
      'cilium/synced/east/cilium/cache/ip/v1',
      'cilium/synced/east/cilium/cache/nodes/v1',
      'cilium/synced/east/cilium/cache/services/v1',
    ]);
    expect((await lab.cluster('east'))?.ready).toBe(true);
  });

  it('follows changes', async () => {
    await remote.client().put('cilium/state/nodes/v1/east/n2', 'x');
    await eventually(async () => (await local.client().get('cilium/cache/nodes/v1/east/n2')) === 'x');
    await remote.client().delete('cilium/state/nodes/v1/east/n2');
    await eventually(async () => (await local.client().get('cilium/cache/nodes/v1/east/n2')) === undefined);

    expect((await lab.cluster('east'))?.['num-nodes']).toBe(1);
  });
});
