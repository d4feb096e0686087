import type { ResourceRef } from './kube-api.js';

const cilium = (plural: string, namespaced = false): ResourceRef => ({
  group: 'cilium.io',
  version: 'v2',
  plural,
  namespaced,
});

/** Every kind that this program reads or writes. */
export const resources = {
  ciliumidentities: cilium('ciliumidentities'),
  ciliumnodes: cilium('ciliumnodes'),
  ciliumendpoints: cilium('ciliumendpoints', true),
  ciliumexternalworkloads: cilium('ciliumexternalworkloads'),
  services: { group: '', version: 'v1', plural: 'services', namespaced: true },
  endpoints: { group: '', version: 'v1', plural: 'endpoints', namespaced: true },
  namespaces: { group: '', version: 'v1', plural: 'namespaces', namespaced: false },
  secrets: { group: '', version: 'v1', plural: 'secrets', namespaced: true },
  configmaps: { group: '', version: 'v1', plural: 'configmaps', namespaced: true },
  nodes: { group: '', version: 'v1', plural: 'nodes', namespaced: false },
  pods: { group: '', version: 'v1', plural: 'pods', namespaced: true },
  deployments: { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true },
  leases: { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true },
  endpointslicesV1: { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', namespaced: true },
  endpointslicesV1beta1: {
    group: 'discovery.k8s.io',
    version: 'v1beta1',
    plural: 'endpointslices',
    namespaced: true,
  },
  customresourcedefinitions: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
} as const satisfies Record<string, ResourceRef>;

export interface ObjectPlace {
  readonly namespace?: string;
  readonly name?: string;
  /** E.g. `status`. */
  readonly subresource?: string;
}

/** The path of a collection (of one namespace, or of all), of an object, or of its subresource. */
export function resourcePath(ref: ResourceRef, place: ObjectPlace = {}): string {
  const root = ref.group === '' ? ['api', ref.version, undefined] : ['apis', ref.group, ref.version];
  const namespace = place.namespace === undefined ? [] : ['namespaces', place.namespace];
  const parts = [...root, ...namespace, ref.plural, place.name, place.subresource];
  return parts.map((part) => (part === undefined ? '' : '/' + encodeURIComponent(part))).join('');
}
