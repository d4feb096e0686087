import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { choosePort } from './choose-port.js';
import type { DemoProcesses } from './demo-processes.js';
import { DemoStack } from './demo-stack.js';
import { meshObjects } from './mesh-objects.js';

export interface MeshStackOptions {
  readonly processes: DemoProcesses;
  /** The project's folder. */
  readonly root: string;
  /** The etcd executable. */
  readonly etcd: string;
  /** How many. */
  readonly clusters: number;
}

/** What is read of an entry of `GET /v1/cluster`; what is 0 or false is left out there. */
export interface RemoteView {
  readonly name: string;
  readonly connected?: boolean;
  readonly ready?: boolean;
  readonly 'num-nodes'?: number;
  readonly 'num-endpoints'?: number;
  readonly 'num-identities'?: number;
  readonly 'num-shared-services'?: number;
}

/** Clusters cluster-1 to cluster-N, each complete, and the kvstoremesh of the first. */
export class MeshStack {
  readonly clusters: readonly DemoStack[];
  private api = '';
  private admin = '';

  constructor(private readonly options: MeshStackOptions) {
    const { clusters, ...parts } = options;
    this.clusters = Array.from({ length: clusters }, (_, i) => {
      const cluster = { name: `cluster-${String(i + 1)}`, id: i + 1 };
      return new DemoStack({ ...parts, cluster });
    });
  }

  /** The cluster whose etcd holds the copies. */
  get home(): DemoStack {
    const [first] = this.clusters;
    if (!first) throw new Error('a mesh has clusters');
    return first;
  }

  /** `GET /v1/cluster` of kvstoremesh. */
  get clusterUrl(): string {
    return this.api;
  }

  /** The status page of kvstoremesh. */
  get page(): string {
    return this.admin;
  }

  /** All clusters with their mirrors. Resolves when all are ready. */
  async start(): Promise<void> {
    // In turn: two that look for free ports at the same time may find the same.
    for (const cluster of this.clusters) await cluster.start();
    for (const { apiServer, name, id } of this.clusters)
      for (const object of meshObjects(name, id)) apiServer.apply(object);
    await Promise.all(this.clusters.map((cluster) => cluster.startMirror()));
  }

  /** kvstoremesh. Resolves with the ms that it took to become ready. */
  async startKvstoremesh(): Promise<number> {
    const { processes, root } = this.options;
    const directory = await this.writeConfig();
    const [health, admin, api, metrics] = await Promise.all([0, 0, 0, 0].map(choosePort));
    const at = (port: number | undefined): string => `127.0.0.1:${String(port)}`;
    this.api = `http://${at(api)}/v1/cluster`;
    this.admin = `http://${at(admin)}/`;
    const begin = performance.now();
    processes.spawn('kvstoremesh', join(root, 'bin', 'clustermesh-apiserver'), [
      'kvstoremesh',
      `--cluster-name=${this.home.name}`,
      `--cluster-id=${String(this.home.id)}`,
      `--clustermesh-config=${directory}`,
      `--kvstore-opt=etcd.address=${this.home.urls.etcd}`,
      `--health-port=${String(health)}`,
      `--admin-serve-addr=${at(admin)}`,
      `--api-serve-addr=${at(api)}`,
      `--prometheus-serve-addr=${at(metrics)}`,
    ]);
    const ready = async (): Promise<boolean> => (await fetch(`http://${at(health)}/readyz`)).ok;
    await processes.until(ready, 120_000, 'kvstoremesh is not ready');
    return performance.now() - begin;
  }

  async remotes(): Promise<RemoteView[]> {
    return (await fetch(this.api)).json() as Promise<RemoteView[]>;
  }

  /** One etcd configuration file for each of the other clusters, as the chart mounts them. */
  private async writeConfig(): Promise<string> {
    const directory = join(await this.options.processes.folder(), 'clustermesh');
    await mkdir(directory);
    for (const { name, urls } of this.clusters.slice(1))
      await writeFile(join(directory, name), `endpoints:\n- ${urls.etcd}\n`);
    return directory;
  }
}
