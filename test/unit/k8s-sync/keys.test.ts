import { describe, expect, it } from 'vitest';
import { clusterConfigValue } from '../../../src/modules/k8s-sync/projections/cluster-config.js';
import {
  allScopeKeys,
  clusterConfigKey,
  heartbeatKey,
} from '../../../src/modules/k8s-sync/projections/keys.js';
import type { GoldenCase } from '../../golden/golden-case.js';
import { goldenCases } from '../../golden/golden-case.js';

const goldenOf = (name: string): GoldenCase => goldenCases.find((golden) => golden.name === name)!;

describe('keys', () => {
  it('are those of spec/k8s-sync.md §1', () => {
    expect(allScopeKeys.map((keys) => [keys.scope, keys.prefix('east'), keys.canaryKey('east')])).toEqual([
      ['identities/v1', 'cilium/state/identities/v1/id/', 'cilium/synced/east/cilium/state/identities/v1'],
      ['nodes/v1', 'cilium/state/nodes/v1/east/', 'cilium/synced/east/cilium/state/nodes/v1'],
      ['ip/v1', 'cilium/state/ip/v1/default/', 'cilium/synced/east/cilium/state/ip/v1'],
      ['services/v1', 'cilium/state/services/v1/east/', 'cilium/synced/east/cilium/state/services/v1'],
    ]);
  });

  it('cover all that a cluster without objects has (golden bootstrap-keys-default)', () => {
    const fixed = [
      heartbeatKey,
      clusterConfigKey('east'),
      ...allScopeKeys.map((keys) => keys.canaryKey('east')),
    ];
    const expected = goldenOf('bootstrap-keys-default').expectExternalWorkloadsFalse!;

    expect(fixed.sort()).toEqual(Object.keys(expected).sort());
  });
});

describe(clusterConfigValue.name, () => {
  const recorded: [string, string, number, number][] = [
    ['bootstrap-keys-default', 'east', 3, 255],
    ['cluster-config-id-zero', 'nx0', 0, 255],
    ['cluster-config-max-511', 'nx511', 511, 511],
  ];
  for (const [name, clusterName, clusterId, maxConnectedClusters] of recorded) {
    it(`equals golden ${name}`, () => {
      const value = clusterConfigValue({ clusterId, maxConnectedClusters });

      expect(value).toBe(goldenOf(name).expect![clusterConfigKey(clusterName)]);
    });
  }

  it('has the fields of the Go structure in their order', () => {
    expect(clusterConfigValue({ clusterId: 1, maxConnectedClusters: 255, cached: true })).toBe(
      '{"id":1,"capabilities":{"syncedCanaries":true,"cached":true,"maxConnectedClusters":255}}',
    );
  });
});
