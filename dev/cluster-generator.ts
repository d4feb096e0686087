/** An object as it is created: what the API server adds is missing. */
export interface GeneratedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly Readonly<Record<string, string>>[];
  };
  readonly [field: string]: unknown;
}

/** The size of a cluster. */
export interface ClusterShape {
  readonly nodes: number;
  readonly identities: number;
  readonly endpoints: number;
  /** All of them global, with one slice each. */
  readonly services: number;
  readonly backendsPerService: number;
  readonly sliceVersion: 'v1' | 'v1beta1';
}

/** The size at which the published figures were measured: 46,500 keys, and a handful of the program's own. */
export const largeCluster: ClusterShape = {
  nodes: 500,
  identities: 5_000,
  endpoints: 20_000,
  services: 1_000,
  backendsPerService: 10,
  sliceVersion: 'v1',
};

const namespaceCount = 20;

/**
 * A cluster as pure functions of an object's number: the same numbers always give the same objects, so that whoever loads
 * them, compares them or changes them needs no copy. Endpoints are dual-stack; pods are spread over 20 namespaces.
 */
export class ClusterGenerator {
  constructor(readonly shape: ClusterShape) {}

  /** Keys in etcd that the objects give: one a node, identity and service, two an endpoint. Everything else comes on top. */
  get keyCount(): number {
    const { nodes, identities, endpoints, services } = this.shape;
    return nodes + identities + 2 * endpoints + services;
  }

  /** In the order in which they should be created: what is referred to comes first. */
  *objects(): Generator<GeneratedObject> {
    const { nodes, identities, endpoints, services } = this.shape;
    for (let i = 0; i < namespaceCount; i++) yield this.namespace(i);
    for (let i = 0; i < identities; i++) yield this.identity(i);
    for (let i = 0; i < nodes; i++) yield this.node(i);
    for (let i = 0; i < endpoints; i++) yield this.endpoint(i);
    for (let i = 0; i < services; i++) {
      yield this.service(i);
      yield this.slice(i);
    }
  }

  namespace(i: number): GeneratedObject {
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespaceName(i) } };
  }

  identity(i: number): GeneratedObject {
    const namespace = namespaceName(i);
    return {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumIdentity',
      metadata: {
        name: String(identityNumber(i)),
        labels: { app: `app-${String(i)}`, 'io.kubernetes.pod.namespace': namespace },
      },
      'security-labels': {
        'k8s:app': `app-${String(i)}`,
        'k8s:tier': 'backend',
        'k8s:io.kubernetes.pod.namespace': namespace,
        'k8s:io.cilium.k8s.policy.cluster': 'east',
        'k8s:io.cilium.k8s.policy.serviceaccount': 'default',
        'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': namespace,
      },
    };
  }

  node(i: number): GeneratedObject {
    const name = `node-${String(i)}`;
    const [high, low] = [String(i >> 8), String(i & 255)];
    return {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNode',
      metadata: {
        name,
        labels: {
          'kubernetes.io/hostname': name,
          'topology.kubernetes.io/zone': `z${String(i % 3)}`,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': 'amd64',
          'node.kubernetes.io/instance-type': 'm5.large',
        },
      },
      spec: {
        addresses: [
          { ip: nodeIp(i), type: 'InternalIP' },
          { ip: `10.200.${high}.${low}`, type: 'CiliumInternalIP' },
        ],
        encryption: {},
        eni: {},
        azure: {},
        'alibaba-cloud': {},
        health: { ipv4: `10.201.${high}.${low}` },
        ingress: {},
        bootid: `boot-${String(i)}`,
        ipam: { podCIDRs: [`10.${String(100 + (i >> 8))}.${low}.0/24`] },
      },
    };
  }

  /** @param identity the number of its identity; default: spread evenly */
  endpoint(i: number, identity = i % Math.max(this.shape.identities, 1)): GeneratedObject {
    const namespace = namespaceName(i);
    const name = this.endpointName(i);
    const app = `app-${String(identity)}`;
    const containerId = 'c'.repeat(64);
    return {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumEndpoint',
      metadata: {
        name,
        namespace,
        labels: { app },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid: podUid(i) }],
      },
      status: {
        id: i % 65_535,
        encryption: {},
        'external-identifiers': {
          'container-id': containerId,
          'k8s-namespace': namespace,
          'k8s-pod-name': name,
          'pod-name': `${namespace}/${name}`,
          'cni-attachment-id': `${containerId}:eth0`,
        },
        identity: {
          id: identityNumber(identity),
          labels: [
            `k8s:app=${app}`,
            'k8s:tier=backend',
            `k8s:io.kubernetes.pod.namespace=${namespace}`,
            'k8s:io.cilium.k8s.policy.cluster=east',
            'k8s:io.cilium.k8s.policy.serviceaccount=default',
          ],
        },
        networking: {
          addressing: [{ ipv4: podIp(i), ipv6: podIpv6(i) }],
          node: nodeIp(i % Math.max(this.shape.nodes, 1)),
        },
        state: 'ready',
        'named-ports': [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    };
  }

  service(i: number): GeneratedObject {
    const app = `app-${String(i)}`;
    return {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: `svc-${String(i)}`,
        namespace: namespaceName(i),
        labels: { app },
        annotations: { 'service.cilium.io/global': 'true' },
      },
      spec: {
        selector: { app },
        ports: [
          { name: 'http', port: 80, targetPort: 8080 },
          { name: 'grpc', port: 9000 },
        ],
      },
    };
  }

  slice(i: number): GeneratedObject {
    const { sliceVersion, backendsPerService, endpoints } = this.shape;
    const backend = (k: number): unknown => ({
      addresses: [podIp((i * backendsPerService + k) % Math.max(endpoints, 1))],
      conditions: { ready: true },
      nodeName: `node-${String(k)}`,
    });
    return {
      apiVersion: `discovery.k8s.io/${sliceVersion}`,
      kind: 'EndpointSlice',
      metadata: {
        name: `svc-${String(i)}-x`,
        namespace: namespaceName(i),
        labels: { 'kubernetes.io/service-name': `svc-${String(i)}` },
      },
      addressType: 'IPv4',
      endpoints: Array.from({ length: backendsPerService }, (_, k) => backend(k)),
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: 'grpc', port: 9000, protocol: 'TCP' },
      ],
    };
  }

  private endpointName(i: number): string {
    return `app-${String(i % Math.max(this.shape.identities, 1))}-${i.toString(36)}`;
  }
}

function namespaceName(i: number): string {
  return `ns-${String(i % namespaceCount)}`;
}

/** Identities of pods in a cluster start far above the reserved ones. */
function identityNumber(i: number): number {
  return 200_000 + i;
}

/** Different for each of the first 131,072 pods; node addresses follow behind them. */
function podIp(i: number): string {
  return `10.${String(64 + (i >> 16))}.${String((i >> 8) & 255)}.${String(i & 255)}`;
}

function nodeIp(i: number): string {
  return podIp((1 << 17) | i);
}

function podIpv6(i: number): string {
  return `fd00::${(i >> 16).toString(16)}:${(i & 65_535).toString(16)}`;
}

function podUid(i: number): string {
  return `00000000-0000-0000-0000-${String(i).padStart(12, '0')}`;
}
