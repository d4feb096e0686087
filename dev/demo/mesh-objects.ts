import type { GeneratedObject } from '../cluster-generator.js';

/** The service that every cluster of the demo's mesh has. */
export const meshService = 'shop/cart';

/** A small cluster without a service: one node more than its id, three pods a node, two identities. */
export function meshObjects(cluster: string, id: number): GeneratedObject[] {
  const nodes = Array.from({ length: id + 1 }, (_, i) => i);
  const pods = Array.from({ length: 3 * nodes.length }, (_, i) => i);
  return [
    ...['cart', 'catalog'].map((app, i) => identity(cluster, identityNumber(id, i), app)),
    ...nodes.map((i) => node(id, i)),
    ...pods.map((i) => endpoint(id, i, nodes.length)),
  ];
}

/** The service and its slice, with that many backends: the pods of the cluster in turn. */
export function meshServiceObjects(id: number, backends: number): GeneratedObject[] {
  const [namespace, name] = meshService.split('/') as [string, string];
  const service: GeneratedObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, annotations: { 'service.cilium.io/global': 'true' } },
    spec: {
      clusterIP: `10.96.${String(id)}.1`,
      selector: { app: name },
      ports: [{ name: 'http', port: 80 }],
    },
  };
  const slice: GeneratedObject = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-x`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: backends }, (_, i) => ({
      addresses: [podIp(id, i)],
      conditions: { ready: true },
    })),
  };
  // The slice first: then the service appears at once with its backends.
  return [slice, service];
}

function identity(cluster: string, number: number, app: string): GeneratedObject {
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumIdentity',
    metadata: { name: String(number) },
    'security-labels': {
      'k8s:app': app,
      'k8s:io.cilium.k8s.policy.cluster': cluster,
      'k8s:io.cilium.k8s.policy.serviceaccount': 'default',
      'k8s:io.kubernetes.pod.namespace': 'shop',
    },
  };
}

function node(id: number, i: number): GeneratedObject {
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNode',
    metadata: { name: `worker-${String(i + 1)}` },
    spec: {
      addresses: [{ type: 'InternalIP', ip: nodeIp(id, i) }],
      ipam: { podCIDRs: [`10.${String(id)}.${String(i)}.0/24`] },
    },
  };
}

function endpoint(id: number, i: number, nodes: number): GeneratedObject {
  return {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumEndpoint',
    metadata: { name: `pod-${String(i + 1)}`, namespace: 'shop' },
    status: {
      identity: { id: identityNumber(id, i % 2) },
      networking: { addressing: [{ ipv4: podIp(id, i) }], node: nodeIp(id, i % nodes) },
      state: 'ready',
    },
  };
}

/** In the range of the cluster, above the ids of reserved identities. */
function identityNumber(id: number, i: number): number {
  return id * 65_536 + 256 + i;
}

function podIp(id: number, i: number): string {
  return `10.${String(id)}.0.${String(i + 10)}`;
}

function nodeIp(id: number, i: number): string {
  return `192.168.${String(id)}.${String(i + 10)}`;
}
