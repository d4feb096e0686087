import type { ServerVersion } from '../server-version.js';
import { isRecord, type KubeDocument } from './kube-document.js';

export class UnknownKindError extends Error {
  override name = 'UnknownKindError';
}

export interface ServedVersion {
  readonly name: string;
  /** The first minor of Kubernetes 1 that serves it, and the first that does not any more. */
  readonly since?: number;
  readonly until?: number;
}

/** A kind and where it is served. */
export interface Resource {
  readonly group: string;
  /** Preferred first. */
  readonly versions: readonly ServedVersion[];
  /** In which objects are stored: the first of `versions` that this server has. */
  readonly storageVersion: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Made by a CustomResourceDefinition: other list layout, stricter updates, generations. */
  readonly custom: boolean;
  readonly statusSubresource: boolean;
}

type Row = Omit<Resource, 'versions' | 'storageVersion' | 'custom' | 'statusSubresource'> & {
  readonly versions: readonly ServedVersion[];
  readonly statusSubresource?: boolean;
};

const v1 = [{ name: 'v1' }];

const builtIn: readonly Row[] = [
  {
    group: '',
    versions: v1,
    plural: 'namespaces',
    kind: 'Namespace',
    namespaced: false,
    statusSubresource: true,
  },
  { group: '', versions: v1, plural: 'services', kind: 'Service', namespaced: true, statusSubresource: true },
  { group: '', versions: v1, plural: 'endpoints', kind: 'Endpoints', namespaced: true },
  { group: '', versions: v1, plural: 'nodes', kind: 'Node', namespaced: false, statusSubresource: true },
  { group: '', versions: v1, plural: 'pods', kind: 'Pod', namespaced: true, statusSubresource: true },
  { group: '', versions: v1, plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  { group: '', versions: v1, plural: 'secrets', kind: 'Secret', namespaced: true },
  { group: '', versions: v1, plural: 'events', kind: 'Event', namespaced: true },
  {
    group: 'apps',
    versions: v1,
    plural: 'deployments',
    kind: 'Deployment',
    namespaced: true,
    statusSubresource: true,
  },
  {
    group: 'discovery.k8s.io',
    versions: [
      { name: 'v1', since: 21 },
      { name: 'v1beta1', since: 17, until: 25 },
    ],
    plural: 'endpointslices',
    kind: 'EndpointSlice',
    namespaced: true,
  },
  { group: 'coordination.k8s.io', versions: v1, plural: 'leases', kind: 'Lease', namespaced: true },
  {
    group: 'apiextensions.k8s.io',
    versions: v1,
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
    statusSubresource: true,
  },
];

/** Every kind that is served now: the built-in ones of this version, and one for each CustomResourceDefinition. */
export class ResourceTable {
  private readonly rows = new Map<string, Resource>();

  constructor(version: ServerVersion) {
    for (const row of builtIn) {
      const versions = row.versions.filter(
        ({ since, until }) => version.atLeast(since ?? 0) && !version.atLeast(until ?? Infinity),
      );
      this.add({ ...row, versions, custom: false, statusSubresource: row.statusSubresource ?? false });
    }
  }

  /** By group, version and plural, as in a path; undefined if not served. */
  find(group: string, version: string, plural: string): Resource | undefined {
    const row = this.rows.get(`${group}/${plural}`);
    return row?.versions.some(({ name }) => name === version) ? row : undefined;
  }

  /** @throws UnknownKindError if no such kind is served. */
  ofKind(apiVersion: string, kind: string): Resource {
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    const served = this.all().find(
      (row) => row.kind === kind && row.group === group && row.versions.some(({ name }) => name === version),
    );
    if (!served) throw new UnknownKindError(`no kind ${kind} is served in ${apiVersion}`);
    return served;
  }

  all(): Resource[] {
    return [...this.rows.values()];
  }

  /** Serves the kind that a CustomResourceDefinition defines, and returns it. */
  define(definition: KubeDocument): Resource | undefined {
    const spec = isRecord(definition.spec) ? definition.spec : {};
    const names = isRecord(spec.names) ? spec.names : {};
    const declared = Array.isArray(spec.versions) ? spec.versions.filter(isRecord) : [];
    const versions = declared.filter(({ served }) => served !== false);
    return this.add({
      group: String(spec.group),
      versions: versions.map(({ name }) => ({ name: String(name) })),
      plural: String(names.plural),
      kind: String(names.kind),
      namespaced: spec.scope === 'Namespaced',
      custom: true,
      statusSubresource: versions.some(
        ({ subresources }) => isRecord(subresources) && 'status' in subresources,
      ),
    });
  }

  /** Serves it no more. Returns what was served. */
  undefine(group: string, plural: string): Resource | undefined {
    const key = `${group}/${plural}`;
    const row = this.rows.get(key);
    this.rows.delete(key);
    return row;
  }

  private add(row: Omit<Resource, 'storageVersion'>): Resource | undefined {
    const [first] = row.versions;
    if (!first) return undefined;
    const resource = { ...row, storageVersion: first.name };
    this.rows.set(`${row.group}/${row.plural}`, resource);
    return resource;
  }
}

/** `v1` or `group/version`. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}
