import type { ObjectStore } from './store/object-store.js';
import { isRecord, objectKey, type KubeDocument } from './store/kube-document.js';
import { apiVersionOf, type Resource } from './store/resource-table.js';
import { decodeObject } from './store/stored-object.js';

/** Serves a kind from the moment its CustomResourceDefinition exists until it is deleted, and its objects with it. */
export function serveCustomResources(store: ObjectStore, onRemoved: (resource: Resource) => void): void {
  const definitions = store.resources.ofKind('apiextensions.k8s.io/v1', 'CustomResourceDefinition');
  store.collection(definitions).subscribe(({ type, object }) => {
    const definition = decodeObject(object);
    if (type !== 'DELETED') {
      store.resources.define(definition);
      return;
    }
    const { group, names } = isRecord(definition.spec) ? definition.spec : {};
    const plural = isRecord(names) ? String(names.plural) : '';
    const resource = store.resources.undefine(String(group), plural);
    if (!resource) return;
    for (const { namespace, name } of store.collection(resource).list()) {
      store.delete(resource, objectKey(namespace, name));
    }
    onRemoved(resource);
  });
}

interface CiliumKind {
  readonly kind: string;
  readonly plural: string;
  readonly scope: 'Cluster' | 'Namespaced';
  /** CiliumEndpoints and CiliumIdentities have none: agents write the status through the object itself. */
  readonly statusSubresource: boolean;
}

const ciliumKinds: readonly CiliumKind[] = [
  { kind: 'CiliumIdentity', plural: 'ciliumidentities', scope: 'Cluster', statusSubresource: false },
  { kind: 'CiliumNode', plural: 'ciliumnodes', scope: 'Cluster', statusSubresource: true },
  { kind: 'CiliumEndpoint', plural: 'ciliumendpoints', scope: 'Namespaced', statusSubresource: false },
  {
    kind: 'CiliumExternalWorkload',
    plural: 'ciliumexternalworkloads',
    scope: 'Cluster',
    statusSubresource: true,
  },
];

/** The four definitions that Cilium's operator registers and the mirror waits for, without their schemas. */
export function ciliumDefinitions(): KubeDocument[] {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return ciliumKinds.map(({ kind, plural, scope, statusSubresource }) => ({
    apiVersion: apiVersionOf('apiextensions.k8s.io', 'v1'),
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.cilium.io` },
    spec: {
      group: 'cilium.io',
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v2',
          served: true,
          storage: true,
          schema: { openAPIV3Schema },
          ...(statusSubresource ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  }));
}
