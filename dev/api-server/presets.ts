import type { KubeDocument } from './store/kube-document.js';
import type { ServerVersion } from './server-version.js';

/** From a range that no machine has (RFC 5737): nothing should ever connect to it. */
export const advertisedAddress = '192.0.2.2';

/** The namespaces that every cluster has; kube-system is what clients probe. */
export function presetNamespaces(): KubeDocument[] {
  return ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }));
}

/** The service under which an API server publishes itself, with its endpoints and its slice. */
export function presetKubernetesService(port: number, version: ServerVersion): KubeDocument[] {
  const metadata = { name: 'kubernetes', namespace: 'default' };
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  const sliceLabels = { 'kubernetes.io/service-name': 'kubernetes' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        clusterIP: '10.96.0.1',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: port }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      subsets: [{ addresses: [{ ip: advertisedAddress }], ports }],
    },
    {
      apiVersion: version.atLeast(21) ? 'discovery.k8s.io/v1' : 'discovery.k8s.io/v1beta1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: sliceLabels },
      addressType: 'IPv4',
      endpoints: [{ addresses: [advertisedAddress], conditions: { ready: true } }],
      ports,
    },
  ];
}
