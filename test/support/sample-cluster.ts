import type { KubeClient, TestObject } from './kube-client.js';
import type { Keys } from './snapshot.js';

const sampleKinds = ['identity', 'node', 'endpoint', 'service'] as const;
export type SampleKind = (typeof sampleKinds)[number];

interface Sample {
  readonly objects: readonly TestObject[];
  readonly keys: Keys;
}

const namespace = 'sample';

export interface ClusterIdentity {
  readonly name: string;
  readonly id: number;
}

/**
 * Objects of every kind with the keys that they must give, both written by hand for these few shapes: a second opinion to the
 * program's projections. `revision` is in the value, so that each change of an object is a change of its keys.
 */
const samples: Readonly<
  Record<SampleKind, (index: number, revision: number, cluster: ClusterIdentity) => Sample>
> = {
  identity: (index, revision) => {
    const name = String(200_000 + index);
    const labels = { 'k8s:app': `app-${String(index)}`, 'k8s:revision': String(revision) };
    return {
      objects: [
        { apiVersion: 'cilium.io/v2', kind: 'CiliumIdentity', metadata: { name }, 'security-labels': labels },
      ],
      keys: {
        [`cilium/state/identities/v1/id/${name}`]: `k8s:app=app-${String(index)};k8s:revision=${String(revision)};`,
      },
    };
  },
  node: (index, revision, cluster) => {
    const name = `node-${String(index)}`;
    const ip = `172.16.${String(index >> 8)}.${String(index & 255)}`;
    const spec = { addresses: [{ type: 'InternalIP', ip }], bootid: `boot-${String(revision)}` };
    return {
      objects: [{ apiVersion: 'cilium.io/v2', kind: 'CiliumNode', metadata: { name }, spec }],
      keys: {
        [`cilium/state/nodes/v1/${cluster.name}/${name}`]:
          `{"Name":"${name}","Cluster":"${cluster.name}","IPAddresses":[{"Type":"InternalIP","IP":"${ip}"}],"IPv4AllocCIDR":null,` +
          `"IPv4SecondaryAllocCIDRs":null,"IPv6AllocCIDR":null,"IPv6SecondaryAllocCIDRs":null,"IPv4HealthIP":"",` +
          `"IPv6HealthIP":"","IPv4IngressIP":"","IPv6IngressIP":"","ClusterID":${String(cluster.id)},"Source":"custom-resource",` +
          `"EncryptionKey":0,"Labels":null,"Annotations":null,"NodeIdentity":0,"WireguardPubKey":"",` +
          `"BootID":"boot-${String(revision)}"}`,
      },
    };
  },
  endpoint: (index, revision) => {
    const name = `pod-${String(index)}`;
    const ipv4 = `10.64.${String(index >> 8)}.${String(index & 255)}`;
    const ipv6 = `fd00::${(index + 1).toString(16)}`;
    const networking = { addressing: [{ ipv4, ipv6 }], node: '172.16.0.1' };
    const value = (ip: string): string =>
      `{"IP":"${ip}","Mask":null,"HostIP":"172.16.0.1","ID":${String(revision)},"Key":0,"Metadata":"",` +
      `"K8sNamespace":"${namespace}","K8sPodName":"${name}"}`;
    return {
      objects: [
        {
          apiVersion: 'cilium.io/v2',
          kind: 'CiliumEndpoint',
          metadata: { name, namespace },
          status: { networking, identity: { id: revision } },
        },
      ],
      keys: {
        [`cilium/state/ip/v1/default/${ipv4}`]: value(ipv4),
        [`cilium/state/ip/v1/default/${ipv6}`]: value(ipv6),
      },
    };
  },
  service: (index, revision, cluster) => {
    const name = `service-${String(index)}`;
    const address = `10.65.${String(index >> 8)}.${String(index & 255)}`;
    const port = { name: 'http', port: 8080, protocol: 'TCP' };
    const labels = { revision: String(revision) };
    return {
      objects: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name, namespace, labels, annotations: { 'service.cilium.io/global': 'true' } },
          spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
        },
        {
          apiVersion: 'discovery.k8s.io/v1beta1',
          kind: 'EndpointSlice',
          metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [address], conditions: { ready: true } }],
          ports: [port],
        },
      ],
      keys: {
        [`cilium/state/services/v1/${cluster.name}/${namespace}/${name}`]:
          `{"cluster":"${cluster.name}","namespace":"${namespace}","name":"${name}","frontends":{},` +
          `"backends":{"${address}":{"http":{"Protocol":"TCP","Port":8080}}},"hostnames":{},` +
          `"labels":{"revision":"${String(revision)}"},"selector":{},"includeExternal":true,"shared":true,"clusterID":${String(cluster.id)}}`,
      },
    };
  },
};

/** What a cluster holds, changed through its API server, and the keys that etcd must hold for it. */
export class SampleCluster {
  private readonly present = new Map<string, Sample>();
  private revision = 0;

  constructor(
    private readonly kube: KubeClient,
    private readonly cluster: ClusterIdentity = { name: 'east', id: 3 },
  ) {}

  static readonly kinds = sampleKinds;

  /** Creates the object, or gives it a new revision. */
  async set(kind: SampleKind, index: number): Promise<void> {
    const sample = samples[kind](index, ++this.revision, this.cluster);
    this.present.set(`${kind} ${String(index)}`, sample);
    for (const object of sample.objects) await this.kube.apply(object);
  }

  /** May be tried again when the API server fails: what it has not deleted is still present. */
  async delete(kind: SampleKind, index: number): Promise<void> {
    const sample = this.present.get(`${kind} ${String(index)}`);
    if (!sample) return;
    for (const object of sample.objects) await this.kube.delete(object);
    this.present.delete(`${kind} ${String(index)}`);
  }

  has(kind: SampleKind, index: number): boolean {
    return this.present.has(`${kind} ${String(index)}`);
  }

  /** `count` objects of every kind. */
  async fill(count: number): Promise<void> {
    const indexes = Array.from({ length: count }, (_, index) => index);
    await Promise.all(sampleKinds.flatMap((kind) => indexes.map((index) => this.set(kind, index))));
  }

  async clear(): Promise<void> {
    const objects = [...this.present.values()].flatMap((sample) => sample.objects);
    this.present.clear();
    await Promise.all(objects.map((object) => this.kube.delete(object)));
  }

  /** Everything under `cilium/state/` that these objects give, but for default/kubernetes. */
  get keys(): Keys {
    return Object.assign({}, ...[...this.present.values()].map(({ keys }) => keys)) as Keys;
  }
}
