import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';

/** Name → labels, as the original's kvstoremesh prints them (spec/kvstoremesh.md §10.4, spec/operations.md §7). */
const ofTheOriginal: Readonly<Record<string, string>> = {
  version: 'arch revision version',
  bootstrap_seconds: 'source_cluster',
  remote_clusters: 'source_cluster source_node_name',
  remote_cluster_readiness_status: 'source_cluster source_node_name target_cluster',
  remote_cluster_failures: 'source_cluster source_node_name target_cluster',
  remote_cluster_last_failure_ts: 'source_cluster source_node_name target_cluster',
  kvstore_sync_queue_size: 'scope source_cluster',
  kvstore_sync_errors_total: 'scope source_cluster',
  kvstore_initial_sync_completed: 'action scope source_cluster',
  kvstore_operations_duration_seconds_count: 'action kind outcome scope',
  kvstore_operations_duration_seconds_bucket: 'action kind le outcome scope',
  kvstore_events_queue_seconds_count: 'action scope',
  kvstore_events_queue_seconds_bucket: 'action le scope',
  kvstore_quorum_errors_total: 'error',
  api_limiter_processed_requests_total: 'api_call outcome return_code',
  api_limiter_processing_duration_seconds: 'api_call value',
  api_limiter_rate_limit: 'api_call value',
  api_limiter_requests_in_flight: 'api_call value',
  api_limiter_wait_duration_seconds: 'api_call value',
  controllers_group_runs_total: 'group_name status',
};

describe('metrics of kvstoremesh', () => {
  let local: TestEtcd;
  let remote: TestEtcd;
  let folder: ConfigFolder;
  let lab: MeshLab;
  let beating: NodeJS.Timeout;

  beforeAll(async () => {
    [local, remote, folder] = await Promise.all([startEtcd(), startEtcd(), ConfigFolder.create()]);
    const { 'cilium/cluster-config/east': _later, ...keys } = clusterKeys('east', 3);
    for (const [key, value] of Object.entries(keys)) await remote.client().put(key, value);
    await folder.set('east', endpoints(remote.endpoint));
    beating = setInterval(() => void remote.client().put('cilium/.heartbeat', 'x'), 500);
    lab = await MeshLab.start({
      local: local.endpoint,
      directory: folder.path,
      timing: { heartbeatMs: 3000 },
      args: ['--controller-group-metrics=all'],
    });
  });

  afterAll(async () => {
    clearInterval(beating);
    await lab.stop();
    await Promise.all([local.stop(), remote.stop(), folder.delete()]);
  });

  /** The value of a sample by name and labels; undefined: there is none. */
  const sample = async (name: string, labels: Readonly<Record<string, string>>) => {
    for (const line of (await lab.metrics()).split('\n')) {
      const [, found, text = '', value] = /^cilium_kvstoremesh_(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
      if (found !== name) continue;
      const own = Object.fromEntries(
        [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, of]) => [label, of]),
      );
      if (Object.entries(labels).every(([label, of]) => own[label] === of)) return Number(value);
    }
    return undefined;
  };
  const runs = (group: string, status: 'success' | 'failure') =>
    sample('controllers_group_runs_total', { group_name: `clustermesh-${group}`, status });
  const events = (scope: string, action: string) =>
    sample('kvstore_events_queue_seconds_count', { scope, action });
  const east = (name: string) => sample(name, { target_cluster: 'east' });

  it('count looks for a configuration that is not there', async () => {
    await eventually(async () => ((await runs('cluster-config', 'failure')) ?? 0) > 0);

    expect(await runs('cluster-config', 'success')).toBeUndefined();
    expect(await runs('remote-cluster', 'success')).toBeUndefined();
    expect(await east('remote_cluster_readiness_status')).toBe(0);
    expect(await sample('bootstrap_seconds', {})).toBeUndefined();
  });

  it('count what is read from a remote etcd, under the names of the original', async () => {
    await remote
      .client()
      .put('cilium/cluster-config/east', clusterKeys('east', 3)['cilium/cluster-config/east']!);
    await eventually(async () => (await lab.readyz())[0] === 200, { what: '/readyz' });
    await remote.client().put('cilium/state/nodes/v1/east/n2', '{}');
    await remote.client().put('cilium/state/nodes/v1/east/n2', '{"a":1}');
    await remote.client().delete('cilium/state/nodes/v1/east/n2');
    await eventually(async () => (await events('nodes/v1', 'delete')) === 1);

    expect(await runs('cluster-config', 'success')).toBe(1);
    expect(await runs('remote-cluster', 'success')).toBe(1);
    await eventually(async () => (await runs('cluster-config-enforcer', 'success')) === 1);
    // The list had n1; n2 came, changed and went. Our own copies are no events.
    expect(await events('nodes/v1', 'create')).toBe(2);
    expect(await events('nodes/v1', 'modify')).toBe(1);
    expect(await events('nodes/v1', 'listDone')).toBe(1);
    expect(await events('ip/v1', 'create')).toBe(1);
    expect(await events('cilium/.hear', 'listDone')).toBe(1);
    expect(await events('cilium/synce', 'create')).toBe(4);
    expect(
      await sample('kvstore_operations_duration_seconds_count', {
        scope: 'cilium/clust',
        kind: 'read',
        action: 'Get',
        outcome: 'success',
      }),
    ).toBeGreaterThan(1);
    expect(await east('remote_cluster_readiness_status')).toBe(1);
    expect(await east('remote_cluster_failures')).toBe(0);
    expect(await east('remote_cluster_last_failure_ts')).toBe(0);
    for (const scope of ['nodes/v1', 'services/v1', 'identities/v1', 'ip/v1', 'east/'])
      expect(
        await sample('kvstore_initial_sync_completed', { scope, source_cluster: 'east', action: 'read' }),
      ).toBe(1);
  });

  it('count a heartbeat that stopped', async () => {
    expect(await sample('kvstore_quorum_errors_total', {})).toBeUndefined();
    const before = Date.now() / 1000;
    clearInterval(beating);
    await eventually(
      async () => (await sample('kvstore_quorum_errors_total', { error: 'no event received' })) === 1,
      {
        timeoutMs: 15_000,
      },
    );
    await eventually(async () => (await east('remote_cluster_failures')) === 1);

    expect(await east('remote_cluster_last_failure_ts')).toBeGreaterThanOrEqual(Math.floor(before));
    await eventually(async () => (await runs('remote-cluster', 'success')) === 2, { what: 'a reconnection' });
  });

  it('have every name of the original with its labels', async () => {
    const text = await lab.metrics();
    const labels = new Map(
      [...text.matchAll(/^cilium_kvstoremesh_(\w+)\{(.*)\} /gm)].map(([, name, of = '']) => [
        name,
        [...of.matchAll(/(\w+)="/g)]
          .map(([, label]) => String(label))
          .toSorted()
          .join(' '),
      ]),
    );

    for (const [name, expected] of Object.entries(ofTheOriginal))
      expect([name, labels.get(name)]).toEqual([name, expected]);
    expect(text).toMatch(/^cilium_hive_status\{status="ok"\} \d+$/m);
  });

  it('count attempts that fail, and keep the series of a cluster that is gone', async () => {
    await remote.kill();
    await eventually(async () => ((await runs('remote-cluster', 'failure')) ?? 0) > 0, { timeoutMs: 20_000 });
    expect(await east('remote_cluster_readiness_status')).toBe(0);
    await eventually(async () => ((await east('remote_cluster_cache_age_seconds')) ?? 0) > 0);
    expect(
      await sample('kvstore_initial_sync_completed', {
        scope: 'ip/v1',
        source_cluster: 'east',
        action: 'read',
      }),
    ).toBe(0);

    await folder.remove('east');
    await eventually(async () => (await sample('remote_clusters', { source_cluster: 'local' })) === 0);
    expect(await east('remote_cluster_readiness_status')).toBe(0);
    expect(await east('remote_cluster_failures')).toBeGreaterThan(0);
  });
});
