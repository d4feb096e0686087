import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import request from 'supertest';
import { ControllerMetrics } from '../../../src/modules/metrics/controller-metrics.js';
import { KvstoreMetrics } from '../../../src/modules/metrics/kvstore-metrics.js';
import { LimiterMetrics } from '../../../src/modules/metrics/limiter-metrics.js';
import { PipelineMetrics } from '../../../src/modules/metrics/pipeline-metrics.js';
import { type HttpLab, openHttpLab } from '../../support/http-lab.js';
import { type Family, parseMetrics } from './parse-metrics.js';

const prefix = 'cilium_clustermesh_apiserver_';
const goBuckets = '0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: string;
  readonly buckets?: string;
}

/** spec/operations.md §7, the column A. */
const original: readonly Row[] = [
  { name: `${prefix}version`, type: 'gauge', labels: 'version revision arch' },
  { name: `${prefix}bootstrap_seconds`, type: 'gauge', labels: 'source_cluster' },
  {
    name: `${prefix}kvstore_operations_duration_seconds`,
    type: 'histogram',
    labels: 'scope kind action outcome',
    buckets: goBuckets,
  },
  {
    name: `${prefix}kvstore_events_queue_seconds`,
    type: 'histogram',
    labels: 'scope action',
    buckets: '0.002 0.005 0.01 0.015 0.025 0.05 0.1 0.25 0.5 0.75 1 +Inf',
  },
  { name: `${prefix}kvstore_quorum_errors_total`, type: 'counter', labels: 'error' },
  { name: `${prefix}kvstore_sync_queue_size`, type: 'gauge', labels: 'scope source_cluster' },
  { name: `${prefix}kvstore_sync_errors_total`, type: 'counter', labels: 'scope source_cluster' },
  { name: `${prefix}kvstore_initial_sync_completed`, type: 'gauge', labels: 'scope source_cluster action' },
  { name: `${prefix}api_limiter_processing_duration_seconds`, type: 'gauge', labels: 'api_call value' },
  { name: `${prefix}api_limiter_wait_duration_seconds`, type: 'gauge', labels: 'api_call value' },
  { name: `${prefix}api_limiter_requests_in_flight`, type: 'gauge', labels: 'api_call value' },
  { name: `${prefix}api_limiter_rate_limit`, type: 'gauge', labels: 'api_call value' },
  {
    name: `${prefix}api_limiter_processed_requests_total`,
    type: 'counter',
    labels: 'api_call outcome return_code',
  },
  { name: `${prefix}controllers_group_runs_total`, type: 'counter', labels: 'group_name status' },
  { name: 'cilium_hive_status', type: 'gauge', labels: 'status' },
  { name: 'process_cpu_seconds_total', type: 'counter', labels: '' },
  { name: 'process_max_fds', type: 'gauge', labels: '' },
  { name: 'process_open_fds', type: 'gauge', labels: '' },
  { name: 'process_resident_memory_bytes', type: 'gauge', labels: '' },
  { name: 'process_start_time_seconds', type: 'gauge', labels: '' },
  { name: 'process_virtual_memory_bytes', type: 'gauge', labels: '' },
  { name: 'process_virtual_memory_max_bytes', type: 'gauge', labels: '' },
];

describe('/metrics', () => {
  let lab: HttpLab;
  let families: ReadonlyMap<string, Family>;
  const same = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
    Object.keys({ ...a, ...b }).every((label) => a[label] === b[label]);
  const value = (name: string, labels: Record<string, string>): number | undefined => {
    return families.get(prefix + name)?.samples.find((sample) => same(sample.labels, labels))?.value;
  };

  beforeAll(async () => {
    lab = await openHttpLab({ controllerGroups: ['k8s-heartbeat'] });
    const kvstore = lab.app.get(KvstoreMetrics);
    kvstore.operation('ip/v1', 'Update', 'success', 0.02, 3);
    kvstore.operation('ip/v1', 'Delete', 'fail', 20);
    kvstore.operation('lease', 'AcquireLease', 'success', 0.005);
    kvstore.eventQueued('nodes/v1', 'create', 0.001);
    kvstore.propagation('ip/v1', 0.001);
    kvstore.propagation('ip/v1', 61);
    kvstore.syncError('ip/v1');
    kvstore.quorumError('timeout');
    kvstore.driftRepaired('ip/v1', 'deleted');
    kvstore.leases(4);
    kvstore.bootstrapped(2.5);
    const limiter = lab.app.get(LimiterMetrics);
    limiter.rateLimit(20, 40);
    limiter.inFlight(2, 4);
    for (const waited of [9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 2])
      limiter.finished({ outcome: 'success', waited, processed: 4 });
    limiter.finished({ outcome: 'fail', waited: 2, processed: 4 });
    const controllers = lab.app.get(ControllerMetrics);
    controllers.run('k8s-heartbeat', 'success');
    controllers.run('kvstore-sync', 'success');
    lab.app.get(PipelineMetrics).objectRejected('ciliumnodes');
    const answer = await request(lab.url('metrics')).get('/metrics').expect(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    families = parseMetrics(answer.text);
  });
  afterAll(() => lab.app.close());

  it.each(original)('has $name as the original', ({ name, type, labels, buckets }) => {
    const family = families.get(name);

    expect(family?.type).toBe(type);
    expect(family?.samples.length).toBeGreaterThan(0);
    for (const sample of family?.samples ?? []) {
      expect(
        Object.keys(sample.labels)
          .filter((label) => label !== 'le')
          .sort(),
      ).toEqual(labels.split(' ').filter(Boolean).sort());
    }
    if (buckets !== undefined) expect(family?.bounds.join(' ')).toBe(buckets);
  });

  it('has the delay of the event loop at the scrape, and none for which it would have to be watched all the time', () => {
    const names = [...families.keys()].filter((name) => name.startsWith('nodejs_eventloop_lag'));
    expect(names).toEqual(['nodejs_eventloop_lag_seconds']);
  });

  it('has a constant 0 as version', () => {
    expect(value('version', { version: '1.2.3', revision: 'abc1234', arch: 'amd64' })).toBe(0);
  });

  it('counts each key of a transaction as an operation, in cumulative buckets', () => {
    const labels = { scope: 'ip/v1', kind: 'set', action: 'Update', outcome: 'success' };
    const bucket = (le: string): number | undefined =>
      value('kvstore_operations_duration_seconds', { ...labels, le });
    expect([bucket('0.01'), bucket('0.025'), bucket('10'), bucket('+Inf')]).toEqual([0, 3, 3, 3]);
  });

  it('counts what is over the last bound in +Inf only', () => {
    const bucket = (le: string): number | undefined =>
      value('kvstore_propagation_seconds', { scope: 'ip/v1', le });
    expect([bucket('0.001'), bucket('60'), bucket('+Inf')]).toEqual([1, 1, 2]);
  });

  it('reads the scopes off the mirror', () => {
    const labels = { scope: 'ip/v1', source_cluster: 'east' };
    expect(value('kvstore_sync_queue_size', labels)).toBe(6);
    expect(value('kvstore_sync_errors_total', labels)).toBe(1);
    expect(value('kvstore_sync_errors_total', { ...labels, scope: 'nodes/v1' })).toBe(0);
    expect(value('kvstore_initial_sync_completed', { ...labels, action: 'write' })).toBe(0);
    expect(value('kvstore_initial_sync_completed', { ...labels, scope: 'nodes/v1', action: 'write' })).toBe(
      1,
    );
    expect(value('kvstore_keys', { scope: 'ip/v1' })).toBe(9);
    expect(value('kvstore_refused_keys', { scope: 'ip/v1' })).toBe(1);
  });

  it('shows the limiter over its last ten requests', () => {
    const wait = (name: string): number | undefined =>
      value('api_limiter_wait_duration_seconds', { api_call: 'etcd', value: name });
    expect([wait('mean'), wait('min'), wait('max')]).toEqual([2.1, 1, 3]);
    const processed = (outcome: string, code: string): number | undefined =>
      value('api_limiter_processed_requests_total', { api_call: 'etcd', outcome, return_code: code });
    expect([processed('success', '200'), processed('fail', '500')]).toEqual([11, 1]);
    expect(value('api_limiter_rate_limit', { api_call: 'etcd', value: 'burst' })).toBe(40);
  });

  it('counts the enabled controller groups only', () => {
    expect(families.get(`${prefix}controllers_group_runs_total`)?.samples).toEqual([
      { labels: { group_name: 'k8s-heartbeat', status: 'success' }, value: 1 },
    ]);
  });

  it('shows what the original cannot', () => {
    expect(value('kvstore_drift_repairs_total', { scope: 'ip/v1', kind: 'deleted' })).toBe(1);
    expect(value('kvstore_leases', {})).toBe(4);
    expect(value('objects_rejected_total', { resource: 'ciliumnodes' })).toBe(1);
    expect(value('stage_healthy', { stage: 'writer' })).toBe(1);
  });

  it.each(['/', '/metrics/', '/readyz', '/status'])('%s is not found', async (path) => {
    const answer = await request(lab.url('metrics')).get(path);
    expect([answer.status, answer.text]).toEqual([404, '404 page not found\n']);
  });
});

describe('/metrics before anything happened', () => {
  it('shows no metric without a sample, and every per-scope gauge', async () => {
    const lab = await openHttpLab();
    const { text } = await request(lab.url('metrics')).get('/metrics');
    await lab.app.close();

    expect(text).not.toContain(`${prefix}bootstrap_seconds`);
    expect(text).not.toContain(`${prefix}kvstore_leases`);
    expect(text).toContain(`${prefix}kvstore_sync_errors_total{scope="ip/v1",source_cluster="east"} 0`);
    expect(text).toContain('cilium_hive_status{status="ok"} 1');
  });
});
