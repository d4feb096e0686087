import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestObject } from '../support/kube-client.js';
import { RealLab } from '../support/real-lab.js';
import type { ServerProcess } from '../support/server-process.js';

const watching = ['get', 'list', 'watch'];
const metadata = { name: 'mirror' };
const authorization = 'rbac.authorization.k8s.io';

/** What the chart grants without external workloads (spec/operations.md §10.4): nothing may need more. */
const role: TestObject = {
  apiVersion: `${authorization}/v1`,
  kind: 'ClusterRole',
  metadata,
  rules: [
    {
      apiGroups: ['cilium.io'],
      resources: ['ciliumidentities', 'ciliumendpoints', 'ciliumnodes'],
      verbs: watching,
    },
    {
      apiGroups: ['apiextensions.k8s.io'],
      resources: ['customresourcedefinitions'],
      verbs: ['list', 'watch'],
    },
    { apiGroups: [''], resources: ['endpoints', 'namespaces', 'services'], verbs: watching },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: watching },
  ],
};

const binding: TestObject = {
  apiVersion: `${authorization}/v1`,
  kind: 'ClusterRoleBinding',
  metadata,
  roleRef: { apiGroup: authorization, kind: 'ClusterRole', name: 'mirror' },
  subjects: [{ apiGroup: authorization, kind: 'User', name: 'mirror' }],
};

describe("the chart's rights", () => {
  let lab: RealLab;
  let server: ServerProcess;

  beforeAll(async () => {
    lab = await RealLab.start({ rbac: true });
    await lab.kube.client.apply(role);
    await lab.kube.client.apply(binding);
    await lab.cluster.fill(3);
    const args = ['--enable-external-workloads=false'];
    server = await lab.startServer({ kubeconfig: lab.kube.mirrorKubeconfigPath, args });
  });
  afterAll(() => lab.stop());

  it('are enough, and nothing more is even asked for', async () => {
    await lab.expectState();
    await lab.cluster.set('service', 1);
    await lab.expectState();

    expect(server.stderrLines.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });
});
