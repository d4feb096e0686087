import { readFile, rm } from 'node:fs/promises';
import { TestCa } from '../certs.js';
import { startEtcd, type TestEtcd } from '../etcd.js';
import { KubeApiserver, startKubeApiserver } from '../kube-apiserver.js';
import { clusterKeys, endpoints } from '../mesh-lab.js';
import type { SecretVolume } from '../secret-volume.js';
import { expandedArgs, stockRows } from '../stock-chart.js';
import type { Container } from './container.js';
import { Pod, type Volume } from './pod.js';
import { emptyDir, secretVolume } from './volumes.js';

export type StockContainer = 'etcd-init' | 'etcd' | 'apiserver' | 'kvstoremesh';

const podIp = '10.0.0.7';
/** The first of the range of services: kube-apiserver's own certificate names it. */
const kubernetes = { ip: '10.96.0.1', port: 443 };
const remoteEtcd = { ip: '127.0.0.1', port: 12_379 };
const inCluster = {
  KUBERNETES_SERVICE_HOST: kubernetes.ip,
  KUBERNETES_SERVICE_PORT: String(kubernetes.port),
};

/**
 * The pod of Cilium's chart for cluster alpha, container by container: its arguments, environment, secrets and mounts, a real
 * kube-apiserver, and the etcd of a remote cluster beta.
 */
export class StockPod {
  /** By container; `tool` is for one that has no volumes of its own. */
  readonly mounts: Record<StockContainer | 'tool', Volume[]> = {
    'etcd-init': [],
    etcd: [],
    apiserver: [],
    kvstoremesh: [],
    tool: [],
  };
  private readonly volumes: SecretVolume[] = [];
  private readonly dataDir = emptyDir();

  private constructor(
    readonly ca: TestCa,
    readonly kube: KubeApiserver,
    private readonly remote: TestEtcd,
    readonly pod: Pod,
  ) {}

  static async start(rootfs: string): Promise<StockPod> {
    const ca = await TestCa.create('Cilium CA');
    const [kube, remote] = await Promise.all([startKubeApiserver(), startEtcd({ tls: ca })]);
    for (const [key, value] of Object.entries(clusterKeys('beta', 5))) await remote.client().put(key, value);
    const pod = await Pod.start({
      rootfs,
      ip: podIp,
      ports: [2379, 9880, 9881, 9962, 9964],
      services: [
        { ...kubernetes, to: kube.port },
        { ...remoteEtcd, to: remote.clientPort },
      ],
    });
    const stock = new StockPod(ca, kube, remote, pod);
    await stock.fill();
    return stock;
  }

  /** @param when the row of the fixture with the chart's arguments. */
  launch(container: StockContainer, when = 'defaults'): Promise<Container> {
    const row = stockRows(container).find((candidate) => candidate.when === when)!;
    const own = row.env.HOSTNAME_IP === undefined ? {} : { HOSTNAME_IP: podIp };
    return this.pod.start({
      command: [...row.command, ...expandedArgs(row, own)],
      env: { ...inCluster, ...row.env, ...own },
      volumes: this.mounts[container],
    });
  }

  async stop(): Promise<void> {
    await this.pod.stop();
    await Promise.all([this.kube.stop(), this.remote.stop(), rm(this.dataDir, { recursive: true })]);
    await Promise.all(this.volumes.map((volume) => volume.remove()));
  }

  private async fill(): Promise<void> {
    const hosts = await this.volume('', { hosts: `127.0.0.1 localhost\n${podIp} clustermesh-apiserver\n` });
    // The kubelet makes this file for every container.
    const always = [{ from: `${hosts.from}/hosts`, at: '/etc/hosts' }];
    const data = { from: this.dataDir, at: '/var/run/etcd', writable: true };
    const admin = await this.volume('/var/lib/cilium/etcd-secrets', await this.pair('admin-alpha'));
    const account = await this.volume('/var/run/secrets/kubernetes.io/serviceaccount', await this.account());
    const users = { 'users.yaml': 'users: [{name: remote-beta, role: remote}]' };
    const own = {
      tool: [],
      'etcd-init': [data],
      etcd: [data, await this.volume('/var/lib/etcd-secrets', await this.pair('etcd-server'))],
      apiserver: [admin, account, await this.volume('/var/lib/cilium/etcd-config', users)],
      kvstoremesh: [admin, account, await this.volume('/var/lib/cilium/clustermesh', await this.peers())],
    };
    for (const [name, volumes] of Object.entries(own)) {
      this.mounts[name as keyof typeof own].push(...always, ...volumes);
    }
  }

  private async volume(at: string, files: Record<string, string>): Promise<Volume> {
    const made = await secretVolume(files);
    this.volumes.push(made);
    return { from: made.dir, at };
  }

  private async pair(user: string): Promise<Record<string, string>> {
    const { cert, key } = await this.ca.issue(user);
    return { 'tls.crt': cert, 'tls.key': key, 'ca.crt': this.ca.cert };
  }

  private async account(): Promise<Record<string, string>> {
    const kubeconfig = JSON.parse(await readFile(this.kube.mirrorKubeconfigPath, 'utf8')) as {
      clusters: [{ cluster: { 'certificate-authority-data': string } }];
    };
    const authority = kubeconfig.clusters[0].cluster['certificate-authority-data'];
    return {
      token: KubeApiserver.tokens.mirror,
      namespace: 'kube-system',
      'ca.crt': Buffer.from(authority, 'base64').toString(),
    };
  }

  private async peers(): Promise<Record<string, string>> {
    const { cert, key } = await this.ca.issue('remote');
    const file = '/var/lib/cilium/clustermesh/common-etcd-client';
    const tls = `trusted-ca-file: ${file}-ca.crt\ncert-file: ${file}.crt\nkey-file: ${file}.key\n`;
    return {
      beta: endpoints(`https://${remoteEtcd.ip}:${remoteEtcd.port}`) + tls,
      'common-etcd-client.crt': cert,
      'common-etcd-client.key': key,
      'common-etcd-client-ca.crt': this.ca.cert,
    };
  }
}
