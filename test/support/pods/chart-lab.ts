import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../child.js';
import { LabNetwork } from './lab-network.js';
import { MeshCluster, type MeshClusterOptions } from './mesh-cluster.js';

export interface CommandRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const program = fileURLToPath(new URL('../../../bin/clustermesh-apiserver', import.meta.url));

/** Clusters in one network, and our commands run as an administrator with a kubeconfig of all of them runs them. */
export class ChartLab {
  readonly clusters: MeshCluster[] = [];

  private constructor(
    private readonly network: LabNetwork,
    private readonly directory: string,
  ) {}

  static async start(): Promise<ChartLab> {
    return new ChartLab(await LabNetwork.start(), await mkdtemp(join(tmpdir(), 'mesh-')));
  }

  async add(options: MeshClusterOptions): Promise<MeshCluster> {
    const cluster = await MeshCluster.start(this.network, options);
    this.clusters.push(cluster);
    return cluster;
  }

  /** Runs `clustermesh-apiserver` with contexts named as the clusters. */
  async run(...args: readonly string[]): Promise<CommandRun> {
    const env = { KUBECONFIG: await this.kubeconfig() };
    const child = new Child(this.network.command({ command: program, args, env }));
    const { code } = await child.exit;
    return { code, stdout: child.stdoutLines.join('\n'), stderr: child.stderrLines.join('\n') };
  }

  /** Ends every connection from one cluster to another. */
  async cutConnections(): Promise<void> {
    for (const { nodePort } of this.clusters) await this.network.cut(nodePort);
  }

  async stop(): Promise<void> {
    const ends = await Promise.allSettled(this.clusters.map((cluster) => cluster.stop()));
    await this.network.stop();
    await rm(this.directory, { recursive: true, force: true });
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  private async kubeconfig(): Promise<string> {
    const path = join(this.directory, 'kubeconfig');
    const parts = await Promise.all(
      this.clusters.map(async ({ name, kube }) => {
        const one = JSON.parse(await readFile(kube.adminKubeconfigPath, 'utf8')) as {
          clusters: [{ cluster: object }];
          users: [{ user: object }];
        };
        return {
          clusters: { name, cluster: one.clusters[0].cluster },
          users: { name, user: one.users[0].user },
          contexts: { name, context: { cluster: name, user: name } },
        };
      }),
    );
    const of = (what: 'clusters' | 'users' | 'contexts'): object[] => parts.map((part) => part[what]);
    const config = { clusters: of('clusters'), users: of('users'), contexts: of('contexts') };
    await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }), { mode: 0o600 });
    return path;
  }
}
