import { chartPath, helm, type HelmMajor, namespace, type Values } from '../../chart/support/helm.js';
import type { KeyPair } from '../certs.js';
import { EtcdAdmin } from '../etcd-admin.js';
import { eventually } from '../eventually.js';
import { type KubeApiserver, startKubeApiserver } from '../kube-apiserver.js';
import { type ClusterIdentity, SampleCluster } from '../sample-cluster.js';
import type { Address, LabNetwork } from './lab-network.js';
import { NodeAgent } from './node-agent.js';
import type { Pod } from './pod.js';
import type { PodSpec } from './pod-spec.js';

export interface MeshClusterOptions extends ClusterIdentity {
  readonly helm: HelmMajor;
  readonly values: Values;
}

type Texts = Readonly<Record<string, string>>;

/** A cluster with our chart in it: a real API server with RBAC, real Helm, and the chart's pod running. */
export class MeshCluster {
  readonly samples: SampleCluster;
  readonly agent: NodeAgent;
  /** Where other clusters reach its etcd. */
  readonly nodePort: Address;

  private constructor(
    private readonly options: MeshClusterOptions,
    lab: LabNetwork,
    readonly kube: KubeApiserver,
  ) {
    const { name, id } = options;
    this.nodePort = { host: MeshCluster.nodeAddress(id), port: 32_379 };
    this.samples = new SampleCluster(kube.client, { name, id });
    this.agent = new NodeAgent({
      lab,
      kube,
      namespace,
      apiServer: { host: serviceAddress(id), port: 443 },
      podNetwork: `10.244.${String(id)}`,
      nodePort: this.nodePort,
    });
  }

  /** The node's address of the cluster with this number. */
  static nodeAddress(id: number): string {
    return `192.168.77.${String(id)}`;
  }

  static async start(lab: LabNetwork, options: MeshClusterOptions): Promise<MeshCluster> {
    const { id } = options;
    const serviceRange = `10.${String(96 + id)}.0.0/16`;
    const kube = await startKubeApiserver({ rbac: true, serviceRange, place: lab });
    await lab.addAddress(serviceAddress(id));
    await lab.relay({ host: serviceAddress(id), port: 443 }, { host: '127.0.0.1', port: kube.port });
    const cluster = new MeshCluster(options, lab, kube);
    await lab.addAddress(cluster.nodePort.host);
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } };
    const status = { addresses: [{ type: 'InternalIP', address: cluster.nodePort.host }] };
    await kube.client.apply({ ...node, status });
    await cluster.patch('/api/v1/nodes/node-1/status', { status });
    return cluster;
  }

  get name(): string {
    return this.options.name;
  }

  get id(): number {
    return this.options.id;
  }

  get pod(): Pod {
    return this.agent.pod;
  }

  /** `helm upgrade --install` of the chart with the cluster's values and these. */
  async install(more: Values = {}): Promise<void> {
    const { name, id, values, helm: major } = this.options;
    const where = [`--namespace=${namespace}`, `--kubeconfig=${this.kube.adminKubeconfigPath}`];
    // Kubernetes 1.20 has no such field yet.
    const service = { internalTrafficPolicy: '' };
    const all = { cluster: { name, id }, service, ...values, ...more };
    await helm(major, ['upgrade', '--install', 'mesh', chartPath, ...where], all);
  }

  /** Runs the chart's job for certificates, as often as it is called. @returns its log. */
  async runCertificatesJob(): Promise<string> {
    const { body } = await this.kube.request('GET', `/apis/batch/v1/namespaces/${namespace}/jobs`);
    const jobs = body as { items: { metadata: { name: string }; spec: { template: { spec: PodSpec } } }[] };
    const [job, ...others] = jobs.items;
    if (!job || others.length > 0) throw new Error(`${String(jobs.items.length)} jobs, expected one`);
    return this.agent.runJob(job.metadata.name, job.spec.template.spec);
  }

  async waitReady(): Promise<void> {
    const ready = eventually(() => this.agent.hasPod, {
      timeoutMs: 60_000,
      what: `a ready pod in ${this.name}`,
    });
    await Promise.race([ready, this.agent.failed]);
  }

  /** undefined: there is none. */
  async secret(name: string): Promise<Texts | undefined> {
    const { status, body } = await this.kube.request(
      'GET',
      `/api/v1/namespaces/${namespace}/secrets/${name}`,
    );
    if (status === 404) return undefined;
    const { data = {} } = body as { data?: Record<string, string> };
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }

  /** Looks into the pod's etcd with the administrator's certificate of now. */
  async inEtcd<T>(look: (etcd: EtcdAdmin) => Promise<T>): Promise<T> {
    const endpoint = `https://127.0.0.1:${String(await this.pod.forward(2379))}`;
    const { ca, ...pair } = await this.certificate('clustermesh-apiserver-admin-cert');
    const etcd = new EtcdAdmin(endpoint, { cert: ca, issue: () => Promise.resolve(pair) });
    try {
      return await look(etcd);
    } finally {
      etcd.close();
    }
  }

  /** A certificate of the chart. */
  async certificate(name: string): Promise<KeyPair & { readonly ca: string }> {
    const { 'ca.crt': ca = '', 'tls.crt': cert = '', 'tls.key': key = '' } = (await this.secret(name)) ?? {};
    return { ca, cert, key };
  }

  async patch(path: string, body: object): Promise<void> {
    const answer = await this.kube.request('PATCH', path, body, 'application/merge-patch+json');
    if (answer.status >= 300) throw new Error(`PATCH ${path}: ${JSON.stringify(answer)}`);
  }

  async stop(): Promise<void> {
    try {
      await this.agent.stop();
    } finally {
      await this.kube.stop();
    }
  }
}

function serviceAddress(id: number): string {
  return `10.${String(96 + id)}.0.1`;
}
