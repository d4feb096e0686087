import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { render } from '../chart/support/helm.js';
import { RealLab } from '../support/real-lab.js';
import type { ServerProcess } from '../support/server-process.js';

describe('the ClusterRole that the chart renders', () => {
  let lab: RealLab;
  let server: ServerProcess;

  beforeAll(async () => {
    lab = await RealLab.start({ rbac: true });
    const chart = await render();
    const binding = chart.get('ClusterRoleBinding');
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mirror' }];
    await lab.kube.client.apply(chart.get('ClusterRole'));
    await lab.kube.client.apply({ ...binding, subjects });
    await lab.cluster.fill(3);
    const args = ['--enable-external-workloads=false'];
    server = await lab.startServer({ kubeconfig: lab.kube.mirrorKubeconfigPath, args });
  });
  afterAll(() => lab.stop());

  it('is enough for the server, which asks for nothing more', async () => {
    await lab.expectState();
    await lab.cluster.set('service', 1);
    await lab.expectState();

    expect(server.stderrLines.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });
});
