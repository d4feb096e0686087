import { expect, it } from 'vitest';
import { ControllerMetrics } from '../../../src/modules/metrics/controller-metrics.js';
import { kvstoreScope } from '../../../src/modules/metrics/kvstore-scope.js';
import { MetricsRegistry } from '../../../src/modules/metrics/metrics-registry.js';

it.each([
  ['cilium/state/nodes/v1/alpha/n1', 'nodes/v1'],
  ['cilium/synced/alpha/cilium/state/nodes/v1', 'alpha/cilium'],
  ['cilium/synced/beta/', 'beta/'],
  ['cilium/synced/beta', 'cilium/synce'],
  ['cilium/cluster-config/alpha', 'cilium/clust'],
  ['cilium/.heartbeat', 'cilium/.hear'],
  ['lease', 'lease'],
])('%s has the scope %s', (key, scope) => {
  expect(kvstoreScope(key)).toBe(scope);
});

it.each([
  [['all'], true],
  [['none'], false],
  [[], false],
  [['kvstore-sync'], true],
])('controller groups %j', async (groups, shown) => {
  const registry = new MetricsRegistry({ app: 'kvstoremesh', processMetrics: false });
  new ControllerMetrics(registry, groups).run('kvstore-sync', 'failure');

  const line =
    'cilium_kvstoremesh_controllers_group_runs_total{group_name="kvstore-sync",status="failure"} 1\n';
  expect((await registry.text()).includes(line)).toBe(shown);
});
