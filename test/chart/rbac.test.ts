import { describe, expect, it } from 'vitest';
import { type KubernetesObject, render, type Values } from './support/helm.js';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** `group/resource[/name]: verbs`, one line a resource, sorted: two spellings of the same rights compare equal. */
function rightsOf(role: KubernetesObject): string[] {
  const lines = new Map<string, Set<string>>();
  for (const { apiGroups, resources, resourceNames = ['*'], verbs } of role.rules as readonly Rule[]) {
    for (const group of apiGroups) {
      for (const resource of resources) {
        for (const name of resourceNames) {
          const key = `${group === '' ? 'core' : group} ${resource} ${name}`;
          lines.set(key, new Set([...(lines.get(key) ?? []), ...verbs]));
        }
      }
    }
  }
  return [...lines].map(([key, verbs]) => `${key}: ${[...verbs].toSorted().join(' ')}`).toSorted();
}

const base = [
  'apiextensions.k8s.io customresourcedefinitions *: list watch',
  'cilium.io ciliumendpoints *: list watch',
  'cilium.io ciliumidentities *: list watch',
  'cilium.io ciliumnodes *: list watch',
  'core namespaces kube-system: get',
  'core services *: list watch',
  'discovery.k8s.io endpointslices *: get list watch',
];

const externalWorkloads = [
  'apiextensions.k8s.io customresourcedefinitions *: list watch',
  'cilium.io ciliumendpoints *: create get list patch watch',
  'cilium.io ciliumexternalworkloads *: get list watch',
  'cilium.io ciliumexternalworkloads/status *: update',
  'cilium.io ciliumidentities *: create get list update watch',
  'cilium.io ciliumnodes *: create get list update watch',
  'core namespaces kube-system: get',
  'core services *: list watch',
  'discovery.k8s.io endpointslices *: get list watch',
];

const clusterRights: readonly (readonly [string, Values, readonly string[]])[] = [
  ['the defaults', {}, base],
  ['no kvstoremesh', { kvstoremesh: { enabled: false } }, base],
  ['certificates by job', { tls: { auto: { method: 'cronJob' } } }, base],
  ['users', { tls: { authMode: 'cluster' } }, base],
  ['external workloads', { externalWorkloads: { enabled: true } }, externalWorkloads],
  [
    'Endpoints instead of EndpointSlices',
    { enableK8sEndpointSlice: false },
    [...base.filter((line) => !line.startsWith('discovery')), 'core endpoints *: list watch'].toSorted(),
  ],
  ['an external etcd', { externalEtcd: { enabled: true, endpoints: ['http://etcd:2379'] } }, base],
];

describe('rights in the whole cluster', () => {
  it.each(clusterRights)('are exactly what is needed with %s', async (_, values, rights) => {
    expect(rightsOf((await render(values)).get('ClusterRole'))).toEqual(rights);
  });

  it('are given to the service account of the pod, whatever its name', async () => {
    const chart = await render({ serviceAccount: { name: 'mesh' } });

    expect(chart.get('ServiceAccount', 'mesh')).toBeDefined();
    expect(chart.get('Deployment').spec.template.spec.serviceAccountName).toBe('mesh');
    expect(chart.get('ClusterRoleBinding')).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: 'clustermesh-apiserver' },
      subjects: [{ kind: 'ServiceAccount', name: 'mesh', namespace: 'kube-system' }],
    });
  });
});

describe('rights in the namespace', () => {
  it('are none without an external etcd', async () => {
    expect((await render()).names().filter((name) => name.startsWith('Role'))).toEqual([]);
  });

  it('are the two leader leases with an external etcd', async () => {
    const chart = await render({ externalEtcd: { enabled: true, endpoints: ['http://etcd:2379'] } });

    expect(rightsOf(chart.get('Role'))).toEqual([
      'coordination.k8s.io leases *: create',
      'coordination.k8s.io leases clustermesh-apiserver-kvstoremesh: get update',
      'coordination.k8s.io leases clustermesh-apiserver: get update',
    ]);
    expect(chart.get('RoleBinding').subjects).toEqual([
      { kind: 'ServiceAccount', name: 'clustermesh-apiserver', namespace: 'kube-system' },
    ]);
  });

  it('let the certificate job write its secrets, and nobody else', async () => {
    const chart = await render({ tls: { auto: { method: 'cronJob' } } });
    const job = 'clustermesh-apiserver-generate-certs';

    expect(chart.names().filter((name) => name.startsWith('Role'))).toEqual([
      `Role/${job}`,
      `RoleBinding/${job}`,
    ]);
    expect(rightsOf(chart.get('Role', job))).toEqual([
      'core secrets *: create',
      'core secrets cilium-ca: get update',
      'core secrets clustermesh-apiserver-admin-cert: get update',
      'core secrets clustermesh-apiserver-local-cert: get update',
      'core secrets clustermesh-apiserver-remote-cert: get update',
      'core secrets clustermesh-apiserver-server-cert: get update',
    ]);
    expect(chart.get('RoleBinding', job).subjects).toEqual([
      { kind: 'ServiceAccount', name: job, namespace: 'kube-system' },
    ]);
  });
});
