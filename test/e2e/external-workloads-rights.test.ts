import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import type { KubeItem } from '../support/workload-lab.js';
import { WorkloadLab } from '../support/workload-lab.js';

const authorization = 'rbac.authorization.k8s.io';
const watching = ['get', 'list', 'watch'];
const cilium = (resources: string[], verbs: string[]) => ({ apiGroups: ['cilium.io'], resources, verbs });

/** What the stock chart grants when external workloads are on (spec/external-workloads.md §1): nothing may need more. */
const rules = [
  cilium(['ciliumnodes', 'ciliumidentities'], [...watching, 'create', 'update']),
  cilium(['ciliumendpoints'], [...watching, 'create', 'patch']),
  cilium(['ciliumendpoints/status'], ['patch']),
  cilium(['ciliumexternalworkloads'], watching),
  cilium(['ciliumexternalworkloads/status'], ['update']),
  {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    verbs: ['list', 'watch'],
  },
  { apiGroups: [''], resources: ['endpoints', 'namespaces', 'services'], verbs: watching },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: watching },
];

describe("the chart's rights with external workloads", () => {
  let lab: WorkloadLab;

  beforeAll(async () => {
    lab = await WorkloadLab.start({ rbac: true });
    const metadata = { name: 'mirror' };
    await lab.create({ apiVersion: `${authorization}/v1`, kind: 'ClusterRole', metadata, rules });
    await lab.create({
      apiVersion: `${authorization}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: authorization, kind: 'ClusterRole', name: 'mirror' },
      subjects: [{ apiGroup: authorization, kind: 'User', name: 'mirror' }],
    });
  });
  afterAll(() => lab.stop());

  it('are enough for a registration, its changes and its end', async () => {
    const app = await lab.run({ kubeconfig: lab.kube.mirrorKubeconfigPath });
    await lab.workload('vm');
    const { NodeIdentity } = await lab.join('vm', ['10.0.0.1']);
    await lab.published('vm', '10.0.0.1');
    const identity = `/apis/cilium.io/v2/ciliumidentities/${NodeIdentity}`;
    const metadata = { annotations: { 'io.cilium.heartbeat': 'now' } };
    await lab.kube.request('PATCH', identity, { metadata }, 'application/merge-patch+json');
    await lab.workload('vm', { 'io.kubernetes.pod.namespace': 'shop' });
    await eventually(() => app.complaints('vm').length === 1);
    await lab.join('vm', ['10.0.0.2']);
    await lab.published('vm', '10.0.0.2');

    // The endpoint of the old namespace cannot be deleted, so it gives up its address.
    const old = await lab.object<KubeItem>('ciliumendpoints', 'vm', 'default');
    expect(old!.status!.networking).toEqual({ addressing: [] });
    await eventually(async () => {
      const ips = await lab.probe.list('cilium/state/ip/v1/');
      return ips.length === 1 && ips[0]![0].endsWith('/10.0.0.2') && ips[0]![1].includes('"shop"');
    });
    const cew = { apiVersion: 'cilium.io/v2', kind: 'CiliumExternalWorkload', metadata: { name: 'vm' } };
    await lab.kube.client.delete(cew);
    await eventually(async () => (await lab.registration('vm')) === undefined);
    expect(app.lines.filter(({ fields }) => /forbidden/i.test(JSON.stringify(fields)))).toEqual([]);
    expect(app.complaints('vm').map(({ message }) => message)).toEqual([
      'CEW: labels changed, the VM is published with the identity that it has until it registers again',
      'CEW: CiliumExternalWorkload resource not found for: vm',
    ]);
  });
});
