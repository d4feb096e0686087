import 'reflect-metadata';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import { KvstoremeshAppModule } from '../../src/apps/kvstoremesh.module.js';
import { KvstoremeshStart } from '../../src/apps/kvstoremesh-start.js';
import type { Log } from '../../src/common/log.js';
import { silentLog } from '../../src/common/log.js';
import { TaskGroup } from '../../src/common/task-group.js';
import { flagsOf } from '../../src/modules/config/flags.js';
import { loadKvstoremeshOptions } from '../../src/modules/config/load-kvstoremesh-options.js';
import { readArgv } from '../../src/modules/config/read-argv.js';
import { HTTP_APP_OPTIONS } from '../../src/modules/http/http-app-options.js';
import { HttpListeners } from '../../src/modules/http/http-listeners.service.js';
import type { ClusterView } from '../../src/modules/kvstoremesh/cluster-view.js';
import { MESH_TIMING, type MeshTiming } from '../../src/modules/kvstoremesh/kvstoremesh.module.js';
import { KvstoreMesh } from '../../src/modules/kvstoremesh/kvstoremesh.service.js';
import type { StageStatus } from '../../src/common/stage.js';

export const quickTiming: MeshTiming = {
  heartbeatMs: 120_000,
  answerMs: 2000,
  configRetryMs: 1000,
  configLimitMs: 180_000,
  steadyMs: 30_000,
  drainMs: 180_000,
  connectsPerSecond: 200,
};

/** One life of kvstoremesh, all of it, in this process: on free ports, over the local etcd at `local`. */
export class MeshLab {
  private constructor(
    private readonly module: TestingModule,
    private readonly tasks: TaskGroup,
    private readonly crashes: unknown[],
  ) {}

  static async start(options: {
    /** `etcd.address=…` or `etcd.config=…` of the local etcd, or just its URL. */
    readonly local: string;
    readonly directory: string;
    /** `etcd.qps`, default 1000. */
    readonly qps?: number;
    readonly args?: readonly string[];
    readonly timing?: Partial<MeshTiming>;
    readonly log?: Log;
  }): Promise<MeshLab> {
    const local = options.local.startsWith('etcd.') ? options.local : `etcd.address=${options.local}`;
    const args = [
      '--cluster-name=local',
      '--cluster-id=100',
      `--kvstore-opt=${local},etcd.qps=${options.qps ?? 1000}`,
      `--clustermesh-config=${options.directory}`,
      '--health-port=0',
      '--api-serve-addr=127.0.0.1:0',
      '--admin-serve-addr=127.0.0.1:0',
      '--prometheus-serve-addr=127.0.0.1:0',
      ...(options.args ?? []),
    ];
    const loaded = loadKvstoremeshOptions(readArgv(args, flagsOf('kvstoremesh')), {});
    if (!loaded.options) throw new Error(JSON.stringify(loaded.problems));
    const build = { version: '1.16.0', revision: 'test', arch: 'amd64' };
    const app = KvstoremeshAppModule.register(loaded.options, options.log ?? silentLog, build);
    const module = await Test.createTestingModule({ imports: [app] })
      .overrideProvider(MESH_TIMING)
      .useValue({ ...quickTiming, ...options.timing })
      .compile();
    const nest = module.createNestApplication({ ...HTTP_APP_OPTIONS, logger: false });
    await nest.init();
    const crashes: unknown[] = [];
    const tasks = new TaskGroup((_, error) => crashes.push(error));
    const lab = new MeshLab(module, tasks, crashes);
    lab.close = () => nest.close();
    await module.get(KvstoremeshStart, { strict: false }).run(tasks);
    return lab;
  }

  private close: () => Promise<void> = () => Promise.resolve();

  /** `GET /v1/cluster`. */
  async clusters(): Promise<ClusterView[]> {
    return (await fetch(this.url('api', '/v1/cluster'))).json() as Promise<ClusterView[]>;
  }

  async cluster(name: string): Promise<ClusterView | undefined> {
    return (await this.clusters()).find((cluster) => cluster.name === name);
  }

  async readyz(): Promise<[number, string]> {
    const answer = await fetch(this.url('health', '/readyz'));
    return [answer.status, await answer.text()];
  }

  async metrics(): Promise<string> {
    return (await fetch(this.url('metrics', '/metrics'))).text();
  }

  /** `GET /status`. */
  async status(): Promise<{ stages: StageStatus[] }> {
    return (await fetch(this.url('admin', '/status'))).json() as Promise<{ stages: StageStatus[] }>;
  }

  stage(name: string): StageStatus | undefined {
    return this.mesh.stageStatus().find((stage) => stage.name === `remote/${name}`);
  }

  /** The stage of the configuration directory. */
  get directory(): StageStatus {
    const found = this.mesh.stageStatus().find((stage) => stage.name === 'configuration-directory');
    if (!found) throw new Error('the configuration directory has no stage');
    return found;
  }

  get mesh(): KvstoreMesh {
    return this.module.get(KvstoreMesh, { strict: false });
  }

  url(listener: 'api' | 'health' | 'metrics' | 'admin', path: string): string {
    const address = this.module.get(HttpListeners, { strict: false }).address(listener);
    return `http://127.0.0.1:${address?.port}${path}`;
  }

  /** As a signal does. @throws whatever ended a loop meanwhile. */
  async stop(): Promise<void> {
    await this.tasks.stop();
    await this.close();
    if (this.crashes.length > 0) throw this.crashes[0];
  }
}

/** A configuration directory, written as `kubectl` and the kubelet do: by rename. */
export class ConfigFolder {
  private constructor(readonly path: string) {}

  static async create(): Promise<ConfigFolder> {
    return new ConfigFolder(await mkdtemp(join(tmpdir(), 'mesh-')));
  }

  async set(cluster: string, content: string): Promise<void> {
    const scratch = `${this.path}.new`;
    await writeFile(scratch, content);
    await rename(scratch, join(this.path, cluster));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async remove(cluster: string): Promise<void> {
    await rm(join(this.path, cluster));
  }

  async delete(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

export function endpoints(...list: readonly string[]): string {
  return `endpoints:\n${list.map((endpoint) => `- ${endpoint}\n`).join('')}`;
}

const types = ['nodes', 'services', 'identities', 'ip'] as const;

/** The keys of a small cluster as its own mirror would have written them. */
export function clusterKeys(cluster: string, id: number): Record<string, string> {
  return {
    'cilium/.heartbeat': '2024-01-01T00:00:00Z',
    [`cilium/cluster-config/${cluster}`]: `{"id":${id},"capabilities":{"syncedCanaries":true,"maxConnectedClusters":255}}`,
    [`cilium/state/identities/v1/id/${id * 65536 + 1}`]: `k8s:io.cilium.k8s.policy.cluster=${cluster};`,
    [`cilium/state/ip/v1/default/10.${id}.0.5`]: `{"IP":"10.${id}.0.5","ID":${id * 65536 + 1}}`,
    [`cilium/state/nodes/v1/${cluster}/n1`]: `{"Name":"n1","Cluster":"${cluster}","ClusterID":${id}}`,
    [`cilium/state/services/v1/${cluster}/default/echo`]: `{"cluster":"${cluster}","namespace":"default","name":"echo","clusterID":${id}}`,
    ...Object.fromEntries(
      types.map((type) => [`cilium/synced/${cluster}/cilium/state/${type}/v1`, '2024-01-01T00:00:00Z']),
    ),
  };
}
