import type { Resource } from '../store/resource-table.js';
import { apiVersionOf } from '../store/resource-table.js';

/** Answers of the paths that say what is served; undefined for every other path. */
export function discoveryAnswer(path: string, served: readonly Resource[]): unknown {
  const [root, group, version, ...more] = path.split('/').filter((part) => part !== '');
  if (more.length > 0) return undefined;
  if (root === 'api') return coreAnswer(group, version, served);
  if (root !== 'apis') return undefined;
  if (group === undefined) {
    const groups = groupNames(served).map((name) => describeGroup(name, served));
    return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  }
  if (!groupNames(served).includes(group)) return undefined;
  if (version !== undefined) return resourceList(group, version, served);
  return { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(group, served) };
}

function coreAnswer(
  version: string | undefined,
  more: string | undefined,
  served: readonly Resource[],
): unknown {
  if (version === undefined) {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  }
  return version === 'v1' && more === undefined ? resourceList('', 'v1', served) : undefined;
}

function groupNames(served: readonly Resource[]): string[] {
  return [...new Set(served.map(({ group }) => group))].filter((group) => group !== '');
}

function describeGroup(name: string, served: readonly Resource[]): Record<string, unknown> {
  const own = served.filter(({ group }) => group === name);
  const names = [...new Set(own.flatMap(({ versions }) => versions.map((version) => version.name)))];
  const versions = names.map((version) => ({ groupVersion: apiVersionOf(name, version), version }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(group: string, version: string, served: readonly Resource[]): unknown {
  const own = served.filter(
    (row) => row.group === group && row.versions.some(({ name }) => name === version),
  );
  if (own.length === 0) return undefined;
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  const resources = own.flatMap(({ plural, kind, namespaced, statusSubresource }) => {
    const row = { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs };
    const status = {
      name: `${plural}/status`,
      singularName: '',
      namespaced,
      kind,
      verbs: ['get', 'patch', 'update'],
    };
    return statusSubresource ? [row, status] : [row];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(group, version), resources };
}
