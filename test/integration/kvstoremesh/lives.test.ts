import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdLab } from '../../support/etcd-lab.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';
import { recordingLog, type LogLine } from '../../support/recording-log.js';
import { WatchRecorder } from '../../support/watch-recorder.js';

/** What one life of the process leaves to the next, and what time does to a cache. */
describe('kvstoremesh over its lives', () => {
  let local: TestEtcd;
  let remote: TestEtcd;
  let folder: ConfigFolder;
  let lab: MeshLab;
  let lines: LogLine[];

  beforeEach(async () => {
    [local, remote, folder] = await Promise.all([startEtcd(), startEtcd(), ConfigFolder.create()]);
    // Addresses and identities name no cluster, so two clusters in one etcd would share them.
    const west = Object.entries(clusterKeys('west', 4)).filter(([key]) => key.includes('west'));
    for (const [key, value] of [...Object.entries(clusterKeys('east', 3)), ...west])
      await remote.client().put(key, value);
    await folder.set('east', endpoints(remote.endpoint));
  });

  afterEach(async () => {
    await lab.stop();
    await Promise.all([local.stop(), remote.stop(), folder.delete()]);
  });

  const start = async (args: readonly string[] = [], drainMs = 180_000): Promise<void> => {
    lines = [];
    const log = recordingLog(lines);
    const timing = { drainMs };
    lab = await MeshLab.start({ local: local.endpoint, directory: folder.path, args, timing, log });
  };
  const isReady = () => eventually(async () => (await lab.readyz())[0] === 200, { timeoutMs: 20_000 });
  const keys = async (): Promise<string[]> =>
    (await local.client().list('cilium/'))
      .map(([key]) => key)
      .filter((key) => !key.startsWith('cilium/.initlock'));

  it('a restart rewrites nothing that is right, and removes what is gone', async () => {
    await start();
    await isReady();
    await lab.stop();
    const revisions = await modRevisions(local);
    await remote.client().delete('cilium/state/nodes/v1/east/n1');

    await start();
    await isReady();
    await eventually(async () => !(await keys()).includes('cilium/cache/nodes/v1/east/n1'));

    const { 'cilium/cache/nodes/v1/east/n1': _, ...kept } = revisions;
    expect(await modRevisions(local)).toEqual(kept);
  });

  it('keeps the cache of a cluster that cannot be reached after a restart', async () => {
    await start();
    await isReady();
    await lab.stop();
    const before = await keys();
    await remote.kill();

    await start(['--per-cluster-ready-timeout=500ms']);
    await isReady();

    expect(await keys()).toEqual(before);
  });

  it('removes a cluster that is no longer configured, its configuration first, and touches no key of our own cluster', async () => {
    await folder.set('west', endpoints(remote.endpoint));
    await local.client().put('cilium/cluster-config/local', '{}');
    await local.client().put('cilium/synced/local/cilium/state/nodes/v1', 'x');
    await local.client().put('cilium/state/nodes/v1/local/n1', '{}');
    await start();
    await isReady();
    await lab.stop();
    await folder.remove('west');

    await start([], 1000);
    await eventually(async () => !(await keys()).includes('cilium/cluster-config/west'));
    expect(await keys()).toContain('cilium/cache/nodes/v1/west/n1');
    await eventually(async () => !(await keys()).some((key) => key.includes('west')));

    const left = await keys();
    expect(left.filter((key) => key.includes('local'))).toHaveLength(3);
    expect(left.filter((key) => key.includes('east'))).toHaveLength(9);
  });

  it('removes a cluster in the order of the contract: its configuration, the canaries, then type by type', async () => {
    await start([], 300);
    await isReady();
    const from = await local.client().revision();
    await folder.remove('east');
    await eventually(async () => (await keys()).length === 0);

    const history = new WatchRecorder();
    const watcher = await EtcdLab.start({ address: local.endpoint, silenceMs: 10_000 });
    watcher.spawn((signal) => watcher.watcher.watch({ prefix: 'cilium/' }, from, history, signal));
    const deleted = (): string[] =>
      history.events.filter((event) => /^delete cilium\/[^.]/.test(event)).map((event) => event.slice(7));
    await eventually(() => deleted().length === 9, { what: 'nine deletions' });
    await watcher.stop();
    expect(deleted()[0]).toBe('cilium/cluster-config/east');
    expect(
      deleted()
        .slice(1, 5)
        .map((key) => key.slice(0, 18)),
    ).toEqual(Array(4).fill('cilium/synced/east'));
    expect(deleted().slice(5)).toEqual([
      'cilium/cache/nodes/v1/east/n1',
      'cilium/cache/services/v1/east/default/echo',
      'cilium/cache/identities/v1/east/id/196609',
      'cilium/cache/ip/v1/east/10.3.0.5',
    ]);
  });

  it('forgets a file that came back during the removal if it goes again', async () => {
    await start([], 1500);
    await isReady();
    const said = (message: string) =>
      eventually(() => lines.some((line) => line.message.startsWith(message)));
    await folder.remove('east');
    await said('Removing the cached data');
    await folder.set('east', endpoints(remote.endpoint));
    await said('Delaying configuration');
    await folder.remove('east');
    await said('The cached data of a remote cluster is removed');

    expect(await keys()).toEqual([]);
    await eventually(() => lab.directory.counts['clusters'] === 0);
    expect(await lab.clusters()).toEqual([]);
  });

  it('does not wait for a cluster that is gone', async () => {
    await remote.client().delete('cilium/synced/east/cilium/state/nodes/v1');
    await start(['--per-cluster-ready-timeout=1h']);
    await eventually(() => lab.stage('east')?.state === 'syncing');
    expect(await lab.readyz()).toEqual([500, 'NotReady']);
    await folder.remove('east');

    await isReady();
  });

  it('drops the services, and nothing else, of a cluster that is away for longer than --clustermesh-cache-ttl', async () => {
    await start(['--clustermesh-cache-ttl=700ms']);
    await isReady();
    await remote.kill();
    await eventually(async () => !(await keys()).some((key) => key.startsWith('cilium/cache/services/')));

    expect(await keys()).toHaveLength(8);
    await remote.restart();
    await eventually(async () => (await keys()).length === 9, { timeoutMs: 20_000 });
  });

  it('keeps the services of a cluster that is kept from being ready by another type, however long', async () => {
    await remote.client().delete('cilium/synced/east/cilium/state/nodes/v1');
    await start(['--clustermesh-cache-ttl=300ms']);
    await eventually(async () => (await keys()).includes('cilium/cache/services/v1/east/default/echo'));
    await eventually(() => (lab.stage('east')?.counts['cacheAgeMs'] ?? 0) > 1500);

    expect(await keys()).toContain('cilium/cache/services/v1/east/default/echo');
    expect(await keys()).toContain('cilium/synced/east/cilium/cache/services/v1');
  });

  it('drops, too, the services that a previous run left of a cluster that it cannot reach', async () => {
    await start();
    await isReady();
    await lab.stop();
    await remote.kill();

    await start(['--clustermesh-cache-ttl=700ms', '--per-cluster-ready-timeout=300ms']);
    await eventually(async () => !(await keys()).some((key) => key.startsWith('cilium/cache/services/')));

    expect(await keys()).toHaveLength(8);
  });

  it('never drops services by default, and shows how old they are', async () => {
    await start();
    await isReady();
    const count = (name: string): number => lab.stage('east')?.counts[name] ?? 0;
    await remote.kill();
    await eventually(() => count('failures') === 1);
    const lost = performance.now();
    await eventually(() => count('attempts') >= 4, { timeoutMs: 30_000 });
    const age = performance.now() - lost;

    // Attempts to connect make it no younger.
    expect(count('cacheAgeMs')).toBeGreaterThanOrEqual(Math.floor(age));
    expect(await keys()).toContain('cilium/cache/services/v1/east/default/echo');
  });

  it('shows that the local etcd is away, and goes on when it is back', async () => {
    await start();
    await isReady();
    const etcd = async () => (await lab.status()).stages.find(({ name }) => name === 'etcd/connection');
    expect((await etcd())?.healthy).toBe(true);
    await local.kill();
    await eventually(async () => (await etcd())?.healthy === false, { what: 'an unhealthy local etcd' });

    expect((await etcd())?.lastError?.message).toMatch(/ECONNREFUSED|ECONNRESET|connection/i);
    expect(await lab.metrics()).toContain('cilium_kvstoremesh_stage_healthy{stage="etcd/connection"} 0');
    // Remote clusters are followed all the same, and the probe does not take the cache from its agents.
    expect((await lab.cluster('east'))?.ready).toBe(true);
    expect((await lab.readyz())[0]).toBe(200);
    await remote.client().put('cilium/state/nodes/v1/east/n2', 'meanwhile');
    await local.restart();
    await eventually(
      async () => (await local.client().get('cilium/cache/nodes/v1/east/n2')) === 'meanwhile',
      {
        timeoutMs: 20_000,
      },
    );
    await eventually(async () => (await etcd())?.healthy);
  });

  it('describes its API for programs and for people', async () => {
    await start();
    await isReady();
    const document = (await (await fetch(lab.url('api', '/swagger.json'))).json()) as {
      basePath: string;
      paths: object;
      definitions: Record<string, { properties: object }>;
    };
    expect(document).toMatchObject({ swagger: '2.0', basePath: '/v1' });
    expect(Object.keys(document.paths)).toEqual(['/cluster']);
    const { RemoteCluster, RemoteClusterConfig, RemoteClusterSynced } = document.definitions;
    const east = (await lab.cluster('east'))!;
    expect(Object.keys(RemoteCluster!.properties)).toEqual(expect.arrayContaining(Object.keys(east)));
    expect(Object.keys(RemoteClusterConfig!.properties)).toEqual(
      expect.arrayContaining(Object.keys(east.config!)),
    );
    expect(Object.keys(RemoteClusterSynced!.properties)).toEqual(Object.keys(east.synced));

    const page = await fetch(lab.url('api', '/v1/docs'));
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const html = await page.text();
    for (const field of Object.keys(east)) expect(html).toContain(`<code>${field}</code>`);
    for (const [, name] of html.matchAll(/href="#(\w+)"/g)) expect(html).toContain(`id="${name!}"`);
    expect((await fetch(lab.url('admin', '/swagger.json'))).status).toBe(404);
  });

  it('answers the API, probes, metrics and status in the words of the contract', async () => {
    await start();
    await isReady();
    const api = async (path: string, init?: RequestInit) => {
      const answer = await fetch(lab.url('api', path), init);
      return [answer.status, await answer.text()];
    };

    expect(await api('/cluster')).toEqual([404, '{"code":404,"message":"path /cluster was not found"}']);
    expect(await api('/metrics')).toEqual([404, '{"code":404,"message":"path /metrics was not found"}']);
    expect(await api('/v1/cluster', { method: 'POST' })).toEqual([
      405,
      '{"code":405,"message":"method POST is not allowed, but [GET] are"}',
    ]);
    expect((await api('/v1/cluster', { headers: { accept: 'text/plain' } }))[0]).toBe(406);
    expect((await api('/v1/cluster/'))[1]).toMatch(
      /^\[\{"config":\{"cluster-id":3,"required":true,"retrieved":true,"sync-canaries":true\},"connected":true,"last-failure":"0001-01-01T00:00:00\.000Z","name":"east","num-endpoints":1,"num-identities":1,"num-nodes":1,"num-shared-services":1,"ready":true,"status":"etcd: .*","synced":\{"endpoints":true,"identities":true,"nodes":true,"services":true\}\}\]\n$/,
    );
    const metrics = await lab.metrics();
    const labels = 'source_cluster="local",source_node_name=""';
    for (const line of [
      `cilium_kvstoremesh_remote_clusters{${labels}} 1`,
      `cilium_kvstoremesh_remote_cluster_readiness_status{${labels},target_cluster="east"} 1`,
      `cilium_kvstoremesh_remote_cluster_failures{${labels},target_cluster="east"} 0`,
      `cilium_kvstoremesh_remote_cluster_last_failure_ts{${labels},target_cluster="east"} 0`,
      'cilium_kvstoremesh_kvstore_initial_sync_completed{scope="nodes/v1",source_cluster="east",action="read"} 1',
      'cilium_kvstoremesh_kvstore_initial_sync_completed{scope="nodes/v1",source_cluster="east",action="write"} 1',
      'cilium_kvstoremesh_kvstore_sync_errors_total{scope="ip/v1",source_cluster="east"} 0',
      'cilium_kvstoremesh_kvstore_sync_queue_size{scope="ip/v1",source_cluster="east"} 0',
    ])
      expect(metrics).toContain(line);
    expect(metrics).toMatch(/cilium_kvstoremesh_bootstrap_seconds\{source_cluster="local"\} 0\.\d+/);
    expect(metrics).toContain('api_call="etcd-east"');
    const { stages } = await lab.status();
    expect(stages.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'remote/east',
        'remote-connections',
        'configuration-directory',
        'etcd/connection',
      ]),
    );
  });
});

async function modRevisions(etcd: TestEtcd): Promise<Record<string, string>> {
  const entries = await etcd.client().entries('cilium/c');
  const synced = await etcd.client().entries('cilium/synced/');
  return Object.fromEntries(
    [...entries, ...synced].map((entry) => [entry.key.toString(), entry.mod_revision]),
  );
}
