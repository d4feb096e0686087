import { describe, expect, it } from 'vitest';
import { KubeError } from '../../../src/modules/kubernetes/kube-api.js';
import { readClusterStatus } from '../../../src/modules/peering/cluster-status.js';
import { clientFile, commonFiles } from '../../../src/modules/peering/client-file.js';
import type { Api } from '../../../src/modules/peering/object-edit.js';
import { base64 } from '../../../src/modules/peering/peer-secret.js';
import { clusterStatusText } from '../../../src/modules/peering/status-text.js';

const root = '/api/v1/namespaces/ns';
const peer = { data: { beta: base64(clientFile(['https://h:1'], commonFiles)) } };
const healthy = { replicas: 2, availableReplicas: 2, readyReplicas: 2, updatedReplicas: 2 };
const containers = [
  { name: 'apiserver', args: ['--cluster-name=alpha', '--cluster-id=1'] },
  { name: 'kvstoremesh' },
];
const installed = {
  '/apis/apps/v1/namespaces/ns/deployments/clustermesh-apiserver': {
    metadata: {},
    spec: { template: { spec: { containers } } },
    status: healthy,
  },
  [`${root}/services/clustermesh-apiserver`]: {
    metadata: {},
    spec: { type: 'LoadBalancer', ports: [{ port: 2379 }] },
    status: { loadBalancer: { ingress: [{ ip: 'fd00::1' }] } },
  },
  [`${root}/secrets/cilium-clustermesh`]: peer,
  [`${root}/secrets/cilium-kvstoremesh`]: peer,
  [`${root}/pods`]: { items: [{ metadata: { name: 'p1' } }, { metadata: { name: 'p2' } }] },
};

function look(answers: Readonly<Record<string, unknown>>): ReturnType<typeof readClusterStatus> {
  const known: Readonly<Record<string, unknown>> = { ...installed, ...answers };
  const api: Api = {
    request: <T>(_method: string, path: string): Promise<T> => {
      const answer = known[decodeURIComponent(path)];
      if (answer === undefined) return Promise.reject(new KubeError(`no ${path}`, 404, 'NotFound'));
      return Promise.resolve(answer as T);
    },
  };
  const tools = { now: () => 0, reaches: () => Promise.resolve(true) };
  return readClusterStatus({ api, namespace: 'ns', context: 'ctx' }, tools);
}

const ready = [{ name: 'beta', ready: true }];

describe('connections', () => {
  it('are counted by the API of each replica', async () => {
    const half = [{ name: 'beta', connected: true, config: { retrieved: true }, synced: { nodes: true } }];
    const status = await look({
      [`${root}/pods/p1:9889/proxy/v1/cluster`]: ready,
      [`${root}/pods/p2:9889/proxy/v1/cluster`]: half,
    });

    expect(status.connections).toEqual({
      source: 'api',
      replicas: 2,
      clusters: { beta: { configured: true, connected: 1 } },
    });
    expect(status.errors).toEqual([
      'beta is connected to by 1 of 2 replicas of KVStoreMesh: synchronization in progress for endpoints, identities, services',
    ]);
    expect(clusterStatusText(status)).toContain('  - [fd00::1]:2379\n');
    expect(clusterStatusText(status)).toContain('  - beta: configured, KVStoreMesh: 1/2 connected\n');
  });

  it('are counted by metrics where the API is out of reach', async () => {
    const line = (value: number): string =>
      `cilium_kvstoremesh_remote_cluster_readiness_status{source_cluster="alpha",target_cluster="beta"} ${value}\n`;
    const status = await look({
      [`${root}/pods/p1:9889/proxy/v1/cluster`]: ready,
      [`${root}/pods/p1:9964/proxy/metrics`]: line(1),
      [`${root}/pods/p2:9964/proxy/metrics`]: `# HELP x\n${line(0)}`,
    });

    expect(status.connections).toMatchObject({ source: 'metrics', clusters: { beta: { connected: 1 } } });
    expect(status.errors).toHaveLength(1);
  });

  it('are those that are configured where nobody answers', async () => {
    const status = await look({ [`${root}/secrets/cilium-kvstoremesh`]: { data: {} } });

    expect(status.connections).toEqual({
      source: 'config',
      replicas: 0,
      clusters: { beta: { configured: true } },
    });
    expect(status.errors).toEqual(['beta is in cilium-clustermesh, but not in cilium-kvstoremesh']);
  });
});
