import { describe, expect, it } from 'vitest';
import { configWarnings, parseRemoteConfig } from '../../../src/modules/kvstoremesh/remote-config.js';

const nothing = { id: 0, maxConnectedClusters: 0, syncedCanaries: false, cached: false };

describe(parseRemoteConfig, () => {
  it.each([
    ['{}', nothing],
    ['null', nothing],
    ['{"capabilities":null}', nothing],
    ['{"id":3}', { ...nothing, id: 3 }],
    ['{"ID":7,"Capabilities":{"SYNCEDCANARIES":true}}', { ...nothing, id: 7, syncedCanaries: true }],
    [
      '{"id":999999,"capabilities":{"cached":true,"maxConnectedClusters":511,"serviceExportsEnabled":null},"x":1}',
      { id: 999999, maxConnectedClusters: 511, syncedCanaries: false, cached: true },
    ],
    ['{"id":1,"ID":2}', { ...nothing, id: 2 }],
  ])('accepts %s', (text, config) => {
    expect(parseRemoteConfig(text)).toEqual(config);
  });

  it.each([
    'hello',
    '[]',
    '"x"',
    '{"id":"3"}',
    '{"id":-1}',
    '{"id":1.5}',
    '{"id":4294967296}',
    '{"capabilities":[]}',
    '{"capabilities":{"cached":1}}',
    '\xff\xfe',
  ])('refuses %s', (text) => {
    expect(() => parseRemoteConfig(text)).toThrow(/JSON|number|object|true nor false/);
  });
});

describe(configWarnings, () => {
  const own = { clusterId: 100, maxConnectedClusters: 255 };

  it('has nothing to say of a good cluster', () => {
    expect(configWarnings({ ...nothing, id: 3 }, own, [{ name: 'west', id: 4 }])).toEqual([]);
  });

  it.each([
    [0, 255, 'reserved_id', /reserved/],
    [100, 255, 'own_id', /our own/],
    [256, 255, 'high_id', /above 255/],
    [4, 255, 'duplicate_id', /that of west/],
    [3, 511, 'max_connected_clusters', /limited to 255/],
  ])('warns of id %s with a maximum of %s', (id, maxConnectedClusters, reason, text) => {
    const warnings = configWarnings({ ...nothing, id }, { ...own, maxConnectedClusters }, [
      { name: 'west', id: 4 },
    ]);

    expect(warnings).toEqual([{ reason, text: expect.stringMatching(text) as string }]);
  });
});
