import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterView } from '../../src/modules/kvstoremesh/cluster-view.js';
import { EtcdAdmin } from '../support/etcd-admin.js';
import { startEtcd, type TestEtcd } from '../support/etcd.js';
import { freePorts } from '../support/free-ports.js';
import { type ServerProcess, startServer } from '../support/server-process.js';
import { countKeys } from './count-keys.js';
import { readAll, writeAll } from './floor.js';
import type { VirtualShape } from './virtual-etcd/virtual-objects.js';
import { type VirtualMember, VirtualEtcds } from './virtual-etcd/virtual-etcd.js';

export interface MeshShape extends VirtualShape {
  readonly clusters: number;
}

/** 300,000 keys of the mesh itself, and 2,500 of its services. */
export const referenceMesh: MeshShape = {
  clusters: 250,
  nodes: 100,
  identities: 100,
  endpoints: 1000,
  services: 10,
};

/** Remote clusters in this process, a real local etcd in memory, and kvstoremesh as it ships with the chart's settings. */
export class MeshLab {
  private server: ServerProcess | undefined;
  private apiPort = 0;

  private constructor(
    readonly etcd: TestEtcd,
    private readonly etcds: VirtualEtcds,
    private readonly directory: string,
  ) {}

  static async start(shape: MeshShape): Promise<MeshLab> {
    const etcds = await VirtualEtcds.start(shape.clusters, shape);
    const directory = await mkdtemp(join(tmpdir(), 'mesh-bench-'));
    for (const { cluster, endpoint } of etcds.members)
      await writeFile(join(directory, cluster.name), `endpoints:\n- ${endpoint}\n`);
    const etcd = await startEtcd({ args: ['--quota-backend-bytes=8000000000'] });
    return new MeshLab(etcd, etcds, directory);
  }

  get members(): readonly VirtualMember[] {
    return this.etcds.members;
  }

  /** Keys that belong below `cilium/cache/` now. */
  get expectedKeys(): number {
    return this.members.reduce((sum, { cluster }) => sum + cluster.copied, 0);
  }

  /** Everything that the remotes hold read at once, then as many keys written into the local etcd; it is empty afterwards. */
  async measureFloor(): Promise<{ readSeconds: number; writeSeconds: number; floorSeconds: number }> {
    const began = performance.now();
    const read = await Promise.all(
      this.members.map(async ({ endpoint }) => {
        const remote = new EtcdAdmin(endpoint);
        const keys = await readAll(remote, 'cilium/state/');
        remote.close();
        return keys;
      }),
    );
    const readSeconds = (performance.now() - began) / 1000;
    const keys = read.reduce((sum, of) => sum + of, 0);
    if (keys !== this.expectedKeys)
      throw new Error(`the remotes hold ${keys} keys, not ${this.expectedKeys}`);
    const writeSeconds = await writeAll(this.etcd.client(), this.expectedKeys);
    await this.etcd.client().deletePrefix('floor/');
    const round = (n: number): number => Math.round(n * 100) / 100;
    return {
      readSeconds: round(readSeconds),
      writeSeconds: round(writeSeconds),
      floorSeconds: round(readSeconds + writeSeconds),
    };
  }

  async launch(): Promise<ServerProcess> {
    const [api] = (await freePorts(1)) as [number];
    this.apiPort = api;
    this.server = await startServer({
      command: 'kvstoremesh',
      etcd: this.etcd.endpoint,
      args: [
        '--cluster-name=local',
        '--cluster-id=255',
        `--clustermesh-config=${this.directory}`,
        `--api-serve-addr=127.0.0.1:${api}`,
        ...['qps=100', 'bootstrapQps=10000', 'maxInflight=10'].map((opt) => `--kvstore-opt=etcd.${opt}`),
      ],
    });
    return this.server;
  }

  count(prefix: string): Promise<number> {
    return countKeys(this.etcd.client(), prefix);
  }

  /** `GET /v1/cluster`. */
  async clusters(): Promise<ClusterView[]> {
    const response = await fetch(`http://127.0.0.1:${this.apiPort}/v1/cluster`);
    return (await response.json()) as ClusterView[];
  }

  /** Clusters of a sample whose copy is not byte for byte what the remote holds. */
  async wrongCopies(every: number): Promise<string[]> {
    const wrong: string[] = [];
    for (const { cluster } of this.members.filter((_, i) => i % every === 0)) {
      const stored = new Map<string, string>();
      for (const type of ['identities', 'ip', 'nodes', 'services']) {
        const entries = await this.etcd.client().list(`cilium/cache/${type}/v1/${cluster.name}/`);
        for (const [key, value] of entries) stored.set(key, value);
      }
      const copies = [...cluster.copies()];
      if (copies.length !== stored.size || copies.some(([key, value]) => stored.get(key) !== value))
        wrong.push(cluster.name);
    }
    return wrong;
  }

  async stop(): Promise<void> {
    await this.server?.kill();
    this.etcds.stop();
    await this.etcd.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
