import { describe, expect, it } from 'vitest';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';
import {
  localCanary,
  localPrefix,
  MESH_TYPES,
  remoteCanary,
  remotePrefix,
  scopesOf,
} from '../../../src/modules/kvstoremesh/mesh-keys.js';
import { meshTable } from '../../../src/modules/kvstoremesh/mesh-table.js';

describe('where keys are', () => {
  it.each([
    ['nodes', 'cilium/state/nodes/v1/east/', 'cilium/cache/nodes/v1/east/'],
    ['services', 'cilium/state/services/v1/east/', 'cilium/cache/services/v1/east/'],
    ['identities', 'cilium/state/identities/v1/', 'cilium/cache/identities/v1/east/'],
    ['ip', 'cilium/state/ip/v1/default/', 'cilium/cache/ip/v1/east/'],
  ] as const)('%s', (type, direct, cache) => {
    expect(remotePrefix(type, 'east', false)).toBe(direct);
    expect(remotePrefix(type, 'east', true)).toBe(cache);
    expect(localPrefix(type, 'east')).toBe(cache);
    expect(remoteCanary(type, 'east', false)).toBe(`cilium/synced/east/cilium/state/${type}/v1`);
    expect(remoteCanary(type, 'east', true)).toBe(`cilium/synced/east/cilium/cache/${type}/v1`);
    expect(localCanary(type, 'east')).toBe(`cilium/synced/east/cilium/cache/${type}/v1`);
  });

  it('writes names as bytes', () => {
    expect(localPrefix('nodes', 'ü')).toBe('cilium/cache/nodes/v1/\u00c3\u00bc/');
  });
});

describe(meshTable, () => {
  const route = (key: string, configured: readonly string[] = ['east']): string | undefined => {
    const desired = new DesiredState([]);
    for (const spec of configured.flatMap(scopesOf)) desired.addScope(spec);
    const areas = meshTable('local').areas!(desired);
    const found = areas.map((area) =>
      'prefix' in area.target && key.startsWith(area.target.prefix) ? area.scopeOf(key)?.name : undefined,
    );
    return found.find((name) => name !== undefined);
  };

  it.each([
    ['cilium/cache/nodes/v1/east/n1', 'nodes/v1/east'],
    ['cilium/cache/nodes/v1/east/', 'nodes/v1/east'],
    ['cilium/cache/ip/v1/east/../../west/x', 'ip/v1/east'],
    ['cilium/cache/services/v1/east/a/b', 'services/v1/east'],
    ['cilium/synced/east/cilium/cache/ip/v1', 'synced/east'],
    ['cilium/cluster-config/east', 'cluster-config/east'],
  ])('leads %s to %s', (key, scope) => {
    expect(route(key)).toBe(scope);
  });

  it('makes the scopes of a cluster that a previous run left', () => {
    expect(route('cilium/cache/nodes/v1/west/n1')).toBe('nodes/v1/west');
  });

  it.each([
    'cilium/cache/nodes/v1/local/n1',
    'cilium/synced/local/cilium/state/nodes/v1',
    'cilium/cluster-config/local',
    'cilium/cache/nodes/v1/east',
    'cilium/cache/other/v1/east/n1',
    'cilium/cache/serviceexports/v1/east/a',
    'cilium/cluster-config/',
    'cilium/synced/east',
  ])('leaves %s alone', (key) => {
    expect(route(key)).toBeUndefined();
  });

  it('has each scope in exactly one area', () => {
    const desired = new DesiredState([]);
    for (const spec of scopesOf('east')) desired.addScope(spec);
    const names = meshTable('local').areas!(desired)
      .flatMap((area) => [...area.scopes()])
      .map((scope) => scope.name);

    expect(names.toSorted()).toEqual([...desired.scopes.keys()].toSorted());
    expect(names).toHaveLength(2 + MESH_TYPES.length);
  });
});
