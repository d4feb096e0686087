import { join } from 'node:path';
import { DevApiServer } from '../api-server/dev-api-server.js';
import { choosePort } from './choose-port.js';
import type { DemoProcesses } from './demo-processes.js';
import { EtcdGateway } from './etcd-gateway.js';
import { clusterName } from './expected-keys.js';

export interface DemoStackOptions {
  readonly processes: DemoProcesses;
  /** The project's folder. */
  readonly root: string;
  /** The etcd executable. */
  readonly etcd: string;
  /** Of the cluster; default the demo's, with id 1. */
  readonly cluster?: { readonly name: string; readonly id: number };
}

/** Where everything can be looked at. */
export interface DemoUrls {
  readonly apiServer: string;
  readonly etcd: string;
  readonly ready: string;
  /** The status page. */
  readonly page: string;
  readonly status: string;
  readonly metrics: string;
}

/** One cluster: an API server in this process, a real etcd and the mirror beside it. */
export class DemoStack {
  readonly apiServer = new DevApiServer();
  private known: { urls: DemoUrls; etcd: EtcdGateway } | undefined;

  constructor(private readonly options: DemoStackOptions) {}

  get name(): string {
    return this.options.cluster?.name ?? clusterName;
  }

  get id(): number {
    return this.options.cluster?.id ?? 1;
  }

  get urls(): DemoUrls {
    return this.started().urls;
  }

  get etcd(): EtcdGateway {
    return this.started().etcd;
  }

  /** The API server and etcd. Resolves when both can be used. */
  async start(): Promise<void> {
    const { processes } = this.options;
    const directory = await processes.folder();
    // Where a single cluster is expected to be; another one nearby gets other ports.
    const preferred = [8001, 12379, 12380, 19880, 19881, 19962];
    const [apiServer, client, peer, health, admin, metrics] = await Promise.all(
      preferred.map((port) => choosePort(this.options.cluster ? 0 : port)),
    );
    const at = (port: number | undefined): string => `http://127.0.0.1:${String(port)}`;
    const etcd = new EtcdGateway(at(client));
    const urls = {
      apiServer: at(apiServer),
      etcd: at(client),
      ready: `${at(health)}/readyz`,
      page: `${at(admin)}/`,
      status: `${at(admin)}/status`,
      metrics: `${at(metrics)}/metrics`,
    };
    this.known = { urls, etcd };
    const data = join(directory, `etcd-${this.name}`);
    processes.spawn('etcd', this.options.etcd, etcdFlags(data, at(client), at(peer)));
    processes.onStop(() => this.apiServer.close());
    await this.apiServer.listen(apiServer);
    await processes.until(() => etcd.healthy(), 30_000, 'etcd is not healthy');
  }

  /** The mirror. Resolves with the ms that it took to become ready. */
  async startMirror(): Promise<number> {
    const { urls } = this.started();
    const { processes, root } = this.options;
    const begin = performance.now();
    const program = join(root, 'bin', 'clustermesh-apiserver');
    const identity = [`--cluster-name=${this.name}`, `--cluster-id=${String(this.id)}`];
    processes.spawn('clustermesh-apiserver', program, ['clustermesh', ...identity, ...mirrorFlags(urls)]);
    await processes.until(async () => (await fetch(urls.ready)).ok, 120_000, 'the mirror is not ready');
    return performance.now() - begin;
  }

  private started(): { urls: DemoUrls; etcd: EtcdGateway } {
    if (!this.known) throw new Error('the demo has not started');
    return this.known;
  }
}

function etcdFlags(data: string, client: string, peer: string): string[] {
  return [
    '--name=demo',
    `--data-dir=${data}`,
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=demo=${peer}`,
  ];
}

function mirrorFlags({ apiServer, etcd, ready, status, metrics }: DemoUrls): string[] {
  return [
    `--k8s-api-server=${apiServer}`,
    `--kvstore-opt=etcd.address=${etcd}`,
    `--health-port=${new URL(ready).port}`,
    `--admin-serve-addr=${new URL(status).host}`,
    `--prometheus-serve-addr=${new URL(metrics).host}`,
    '--enable-external-workloads=false',
  ];
}
