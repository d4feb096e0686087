import type { IKeyValue } from 'etcd3';
import { EtcdAdmin } from '../support/etcd-admin.js';
import { startEtcd, type TestEtcd } from '../support/etcd.js';
import { type KubeApiserver, startKubeApiserver } from '../support/kube-apiserver.js';
import { collectionPath, objectPath, type TestObject } from '../support/kube-client.js';
import { type ServerProcess, startServer } from '../support/server-process.js';
import { ClusterGenerator, type ClusterShape } from '../../dev/cluster-generator.js';
import { countKeys } from './count-keys.js';
import { watchKeys } from './watch-keys.js';

/** A real kube-apiserver holding a cluster of some shape, a real etcd in memory, and the program as it ships. */
export class BenchLab {
  private constructor(
    readonly kube: KubeApiserver,
    /** Where the API server keeps its objects. */
    readonly kubeEtcd: TestEtcd,
    readonly etcd: TestEtcd,
    readonly probe: EtcdAdmin,
    readonly shape: ClusterShape,
  ) {
    this.generator = new ClusterGenerator(shape);
  }

  /** The API server collects garbage a quarter as often as usual: it would take the cores that it feeds the mirror with. */
  static async start(shape: ClusterShape): Promise<BenchLab> {
    const quota = ['--quota-backend-bytes=8000000000'];
    const kubeEtcd = await startEtcd({ args: quota });
    const [kube, etcd] = await Promise.all([
      startKubeApiserver({ etcdEndpoint: kubeEtcd.endpoint, env: { GOGC: '400' } }),
      startEtcd({ args: quota }),
    ]);
    const lab = new BenchLab(kube, kubeEtcd, etcd, new EtcdAdmin(etcd.endpoint), shape);
    await lab.load();
    return lab;
  }

  readonly generator: ClusterGenerator;
  private readonly servers: ServerProcess[] = [];

  /** The program on these parts, just started. */
  async launch(args: readonly string[] = [], env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await startServer({
      kubeconfig: this.kube.adminKubeconfigPath,
      etcd: this.etcd.endpoint,
      args: ['--enable-external-workloads=false', '--kvstore-opt=etcd.bootstrapQps=10000', ...args],
      env,
    });
    this.servers.push(server);
    return server;
  }

  async apply(objects: Iterable<TestObject>): Promise<void> {
    const iterator = objects[Symbol.iterator]();
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let next = iterator.next(); !next.done; next = iterator.next()) {
          const { status, body } = await this.kube.request('POST', collectionPath(next.value), next.value);
          if (status >= 300 && status !== 409)
            throw new Error(`${objectPath(next.value)}: ${status} ${JSON.stringify(body)}`);
        }
      }),
    );
  }

  count(prefix: string): Promise<number> {
    return countKeys(this.probe, prefix);
  }

  watch(
    prefix: string,
    onEvent: (entry: IKeyValue, at: number, deleted: boolean) => void,
  ): Promise<() => Promise<void>> {
    return watchKeys(this.etcd.endpoint, prefix, onEvent);
  }

  async wipeMesh(): Promise<void> {
    for (const prefix of ['cilium/', 'floor/']) await this.probe.deletePrefix(prefix);
    for (const lease of await this.probe.leases())
      await (await this.probe.etcd3()).leaseClient.leaseRevoke({ ID: lease });
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    await this.kube.stop();
    await Promise.all([this.etcd.stop(), this.kubeEtcd.stop()]);
  }

  private async load(): Promise<void> {
    const began = performance.now();
    await this.apply(this.generator.objects());
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.error(`loaded ${JSON.stringify(this.shape)} into the kube-apiserver in ${seconds} s`);
  }
}
