import { expect } from 'vitest';
import { Barrier } from './barrier.js';
import { EtcdAdmin } from './etcd-admin.js';
import { startEtcd, type TestEtcd } from './etcd.js';
import { eventually } from './eventually.js';
import { startKubeApiserver, type KubeApiserver, type KubeApiserverOptions } from './kube-apiserver.js';
import { SampleCluster } from './sample-cluster.js';
import { startServer, type ServerOptions, type ServerProcess } from './server-process.js';
import {
  differences,
  expectedSnapshot,
  readKeys,
  snapshotOf,
  type Keys,
  type StoredKey,
} from './snapshot.js';

/** A real kube-apiserver, a real etcd, and the program between them; for tests of what happens to them. */
export class RealLab {
  readonly probe: EtcdAdmin;
  readonly cluster: SampleCluster;
  readonly barrier: Barrier;
  private readonly servers: ServerProcess[] = [];

  private constructor(
    readonly kube: KubeApiserver,
    readonly etcd: TestEtcd,
  ) {
    this.probe = new EtcdAdmin(etcd.endpoint);
    this.cluster = new SampleCluster(kube.client);
    this.barrier = new Barrier(kube.client, this.probe, 'v1beta1');
  }

  static async start(options: KubeApiserverOptions = {}): Promise<RealLab> {
    const [kube, etcd] = await Promise.all([startKubeApiserver(options), startEtcd()]);
    return new RealLab(kube, etcd);
  }

  /** The program on these parts, ready. */
  async startServer(options: ServerOptions = {}): Promise<ServerProcess> {
    const server = await this.launch(options);
    await server.waitReady();
    return server;
  }

  /** The program on these parts, just started. */
  async launch(options: ServerOptions = {}): Promise<ServerProcess> {
    const parts = { kubeconfig: this.kube.adminKubeconfigPath, etcd: this.etcd.endpoint };
    const server = await startServer({ ...parts, ...options });
    this.servers.push(server);
    return server;
  }

  /** Ends every program that was started, and removes all objects and keys. */
  async reset(): Promise<void> {
    await this.endServers();
    await this.barrier.remove();
    await this.cluster.clear();
    await this.probe.deletePrefix('cilium/');
  }

  async stop(): Promise<void> {
    await this.endServers();
    this.probe.close();
    await Promise.all([this.kube.stop(), this.etcd.stop()]);
  }

  /** Everything under a prefix, as etcd holds it. */
  stored(prefix: string): Promise<Map<string, StoredKey>> {
    return readKeys(this.probe, prefix);
  }

  /** What is under `cilium/state/`, but for default/kubernetes and the barrier's markers. */
  async state(): Promise<Map<string, StoredKey>> {
    const stored = await this.stored('cilium/state/');
    return new Map([...stored].filter(([key]) => isSampled(key)));
  }

  /** etcd comes to hold exactly these keys under `cilium/state/`, and still does when the program has caught up. */
  async expectState(keys: Keys = this.cluster.keys, timeoutMs = 20_000): Promise<void> {
    const expected = expectedSnapshot(keys);
    const lines = async (): Promise<string[]> =>
      differences(snapshotOf(await this.stored('cilium/state/'), isSampled), expected);
    const equal = eventually(async () => (await lines()).length === 0, {
      timeoutMs,
      what: 'the right content',
    });
    await equal.catch(async (error: unknown) => {
      throw new Error(`etcd does not hold what is expected:\n${(await lines()).join('\n')}`, {
        cause: error,
      });
    });
    await this.barrier.pass('east');
    expect(await lines()).toEqual([]);
  }

  private async endServers(): Promise<void> {
    await Promise.all(this.servers.splice(0).map((server) => server.kill()));
  }
}

function isSampled(key: string): boolean {
  return !Barrier.isMarker(key) && key !== 'cilium/state/services/v1/east/default/kubernetes';
}
