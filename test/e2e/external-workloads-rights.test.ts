import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Render, render } from '../chart/support/helm.js';
import { eventually } from '../support/eventually.js';
import type { KubeItem } from '../support/workload-lab.js';
import { grantedRights, type RightsRule, usedRights } from '../support/used-rights.js';
import { WorkloadLab } from '../support/workload-lab.js';

describe("the chart's rights with external workloads", () => {
  let lab: WorkloadLab;
  let chart: Render;

  beforeAll(async () => {
    lab = await WorkloadLab.start({ rbac: true, audit: true });
    chart = await render({ externalWorkloads: { enabled: true } });
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mirror' }];
    await lab.kube.client.apply(chart.get('ClusterRole'));
    await lab.kube.client.apply({ ...chart.get('ClusterRoleBinding'), subjects });
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
    // A watch is written down when it ends. Definitions are watched only where one is missing (chart-rights.test.ts).
    await lab.stopApps();
    const rights = grantedRights(chart.get('ClusterRole').rules as RightsRule[]);
    const granted = rights.filter(
      (right) => right !== 'apiextensions.k8s.io customresourcedefinitions watch',
    );
    expect(await usedRights(lab.kube.auditLog, 'mirror', granted)).toEqual({ used: granted, refused: [] });
    expect(app.complaints('vm').map(({ message }) => message)).toEqual([
      'CEW: labels changed, the VM is published with the identity that it has until it registers again',
      'CEW: CiliumExternalWorkload resource not found for: vm',
    ]);
  });
});
