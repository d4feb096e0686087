import type { EtcdAdmin } from './etcd-admin.js';
import { eventually } from './eventually.js';
import { objectPath, type KubeClient, type TestObject } from './kube-client.js';

const namespace = 'barrier';
const address = '192.0.2.250';
const backend = '192.0.2.251';

/**
 * Tells when the program has caught up: each kind has a marker object whose value in etcd changes with every pass. Events of one
 * kind arrive in order, so when the marker's new value is in etcd, everything before it was projected. A second pass then
 * follows the writes that were in flight together with the first marker.
 */
export class Barrier {
  private generation = 0;
  private present = false;

  constructor(
    private readonly kube: KubeClient,
    private readonly etcd: EtcdAdmin,
    private readonly sliceVersion: 'v1' | 'v1beta1',
  ) {}

  /** Whether a key is a marker's, for leaving it out of a snapshot. */
  static isMarker(key: string): boolean {
    return (
      key === 'cilium/state/identities/v1/id/barrier' ||
      key === `cilium/state/ip/v1/default/${address}` ||
      /^cilium\/state\/nodes\/v1\/[^/]+\/barrier$/.test(key) ||
      /^cilium\/state\/services\/v1\/[^/]+\/barrier\/barrier$/.test(key)
    );
  }

  async pass(clusterName: string): Promise<void> {
    await this.once(clusterName);
    await this.once(clusterName);
  }

  /** Takes the markers away; the next pass creates them again. */
  async remove(): Promise<void> {
    await Promise.all(this.markers().map((marker) => this.kube.delete(marker)));
    this.present = false;
  }

  private async once(clusterName: string): Promise<void> {
    this.generation++;
    const markers = this.markers();
    await Promise.all(markers.map((marker) => (this.present ? this.patch(marker) : this.kube.apply(marker))));
    this.present = true;
    const arrived = this.arrivals(clusterName);
    await Promise.all(
      Object.entries(arrived).map(([key, isNew]) => {
        const look = async (): Promise<boolean> => isNew((await this.etcd.get(key)) ?? '');
        return eventually(look, { timeoutMs: 20_000, everyMs: 3, what: `the marker ${key}` });
      }),
    );
  }

  private async patch(marker: TestObject): Promise<void> {
    const answer = await this.kube.request(
      'PATCH',
      objectPath(marker),
      marker,
      'application/merge-patch+json',
    );
    if (answer.status >= 300) throw new Error(`PATCH ${objectPath(marker)}: ${JSON.stringify(answer)}`);
  }

  private arrivals(clusterName: string): Record<string, (value: string) => boolean> {
    const { generation } = this;
    const service = (value: string): boolean => {
      const { labels, backends } = JSON.parse(value || '{}') as {
        labels?: Record<string, string>;
        backends?: Record<string, Record<string, { Port: number }>>;
      };
      // The label comes with the Service, the port with its slice (or Endpoints): both streams have passed.
      return (
        labels?.generation === String(generation) && backends?.[backend]?.http?.Port === 1000 + generation
      );
    };
    return {
      'cilium/state/identities/v1/id/barrier': (value) => value === `k8s:generation=${String(generation)};`,
      [`cilium/state/nodes/v1/${clusterName}/barrier`]: (value) =>
        value.includes(`"BootID":"${String(generation)}"`),
      [`cilium/state/ip/v1/default/${address}`]: (value) => value.includes(`"ID":${String(generation)},`),
      [`cilium/state/services/v1/${clusterName}/barrier/barrier`]: service,
    };
  }

  private markers(): TestObject[] {
    const generation = String(this.generation);
    const labels = { generation };
    const ports = [{ name: 'http', port: 1000 + this.generation, protocol: 'TCP' }];
    return [
      cilium('CiliumIdentity', { name: 'barrier' }, { 'security-labels': { 'k8s:generation': generation } }),
      cilium('CiliumNode', { name: 'barrier' }, { spec: { bootid: generation } }),
      cilium(
        'CiliumEndpoint',
        { name: 'barrier', namespace },
        { status: { networking: { addressing: [{ ipv4: address }] }, identity: { id: this.generation } } },
      ),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'barrier', namespace, labels, annotations: { 'service.cilium.io/global': 'true' } },
        spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
      },
      {
        apiVersion: `discovery.k8s.io/${this.sliceVersion}`,
        kind: 'EndpointSlice',
        metadata: { name: 'barrier', namespace, labels: { 'kubernetes.io/service-name': 'barrier' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [backend], conditions: { ready: true } }],
        ports,
      },
      {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name: 'barrier', namespace },
        subsets: [{ addresses: [{ ip: backend }], ports }],
      },
    ];
  }
}

function cilium(kind: string, metadata: TestObject['metadata'], rest: object): TestObject {
  return { apiVersion: 'cilium.io/v2', kind, metadata, ...rest };
}
