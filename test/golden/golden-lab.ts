import { Barrier } from '../support/barrier.js';
import { EtcdAdmin } from '../support/etcd-admin.js';
import { eventually } from '../support/eventually.js';
import { objectPath, type KubeClient, type TestObject } from '../support/kube-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import {
  differences,
  expectedSnapshot,
  readKeys,
  snapshotOf,
  type Keys,
  type Snapshot,
} from '../support/snapshot.js';
import type { GoldenStep } from './golden-case.js';

/** The API server that a case is replayed on, and the etcd that the program writes. */
export interface GoldenTarget {
  readonly kube: KubeClient;
  readonly kubeconfig: string;
  readonly etcdEndpoint: string;
  /** Objects authored for v1beta1 are applied in this version; both have the same fields as far as they are read. */
  readonly sliceVersion: 'v1' | 'v1beta1';
  /** The port of the only backend of default/kubernetes. */
  readonly apiServerPort: number;
}

/** The budget of the original would make the replay wait; what is written does not depend on it. */
const unhurried = ['--kvstore-opt=etcd.qps=5000', '--kvstore-opt=etcd.maxInflight=20'];

/** Somebody's change in etcd is repaired within 60 s; everything else is there at once. */
const repairMs = 65_000;
const promptMs = 5_000;

/** One program under test, its API server and its etcd: performs the steps of a case and compares what etcd holds. */
export class GoldenLab {
  private readonly etcd: EtcdAdmin;
  private readonly barrier: Barrier;
  private readonly applied = new Map<string, TestObject>();
  private server: ServerProcess | undefined;
  private flags: readonly string[] = [];
  private promptness = promptMs;

  constructor(private readonly target: GoldenTarget) {
    this.etcd = new EtcdAdmin(target.etcdEndpoint);
    this.barrier = new Barrier(target.kube, this.etcd, target.sliceVersion);
  }

  /** A running program with these flags, ready; one that runs with them already stays. */
  async ensure(flags: readonly string[]): Promise<void> {
    if (this.server && flags.join() === this.flags.join()) return;
    await this.restart(flags);
  }

  /** A new program on an empty etcd. */
  async restart(flags: readonly string[]): Promise<void> {
    await this.halt();
    await this.begin(flags);
  }

  /** A new program, on whatever etcd and the API server hold now. */
  async begin(flags: readonly string[]): Promise<void> {
    this.flags = flags;
    await this.start();
  }

  /** No program, no key, no object of a case. */
  async halt(): Promise<void> {
    await this.server?.kill();
    this.server = undefined;
    await this.removeObjects();
    await this.etcd.deletePrefix('cilium/');
  }

  async close(): Promise<void> {
    await this.halt();
    await this.barrier.remove();
    this.etcd.close();
  }

  async perform(step: GoldenStep): Promise<void> {
    if ('apply' in step) await this.apply(step.apply);
    else if ('delete' in step) await this.delete(step.delete);
    else if ('stop' in step) await this.stop();
    else if ('start' in step) await this.start();
    else if ('etcdPut' in step) await this.tamper(step.etcdPut);
    else await this.remove(step.etcdDelete);
  }

  /** Everything that was done before this call is in etcd when it resolves; at once while the program is stopped. */
  async settle(): Promise<void> {
    if (this.server) await this.barrier.pass(this.clusterName);
  }

  /**
   * etcd holds exactly one of these under `prefix`, and still does when the program has caught up once more.
   * @throws Error that lists the differences from the first of them.
   */
  async expectExactly(alternatives: readonly Keys[], prefix = 'cilium/state/'): Promise<void> {
    const expected = alternatives.map(expectedSnapshot);
    const matches = (seen: Snapshot): boolean => expected.some((one) => differences(seen, one).length === 0);
    const compare = async (): Promise<boolean> => matches(await this.snapshot(prefix));
    try {
      await eventually(compare, { timeoutMs: this.promptness, what: 'the expected keys' });
      await this.settle();
      if (!(await compare())) throw new Error('the keys were right and then changed');
    } catch (error) {
      const lines = differences(await this.snapshot(prefix), expected[0]!);
      throw new Error(`etcd does not hold what is expected:\n${lines.join('\n')}`, { cause: error });
    }
    this.promptness = promptMs;
  }

  /** Deletes the objects of a case; its keys must go with them. */
  async clean(): Promise<void> {
    await this.removeObjects();
    await this.settle();
    await this.expectExactly([{}]);
  }

  private get clusterName(): string {
    const at = this.flags.indexOf('--cluster-name');
    return this.flags[at + 1] !== undefined && at >= 0 ? this.flags[at + 1]! : 'east';
  }

  private async snapshot(prefix: string): Promise<Snapshot> {
    const whole = prefix === 'cilium/';
    const wanted = (key: string): boolean =>
      !Barrier.isMarker(key) &&
      !key.startsWith('cilium/.initlock/') &&
      !key.startsWith('cilium/state/noderegister/') &&
      (whole || !/^cilium\/state\/services\/v1\/[^/]+\/default\/kubernetes$/.test(key));
    return snapshotOf(await readKeys(this.etcd, prefix), wanted);
  }

  private async start(): Promise<void> {
    const { kubeconfig, etcdEndpoint } = this.target;
    this.server = await startServer({ kubeconfig, etcd: etcdEndpoint, args: [...unhurried, ...this.flags] });
    await this.server.waitReady();
  }

  private async stop(): Promise<void> {
    const exit = await this.server?.stop();
    this.server = undefined;
    if (exit?.code !== 0) throw new Error(`the program ended with ${JSON.stringify(exit)} on SIGTERM`);
  }

  private async apply(objects: readonly TestObject[]): Promise<void> {
    for (const authored of objects) {
      const object = this.served(authored);
      await this.target.kube.apply(object);
      this.applied.set(objectPath(object), object);
    }
  }

  private async delete(objects: readonly TestObject[]): Promise<void> {
    for (const authored of objects) {
      const object = this.served(authored);
      await this.target.kube.delete(object);
      this.applied.delete(objectPath(object));
    }
  }

  private async tamper(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [key, value] of Object.entries(values)) await this.etcd.put(key, value);
    this.promptness = repairMs;
  }

  private async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.etcd.delete(key);
  }

  private async removeObjects(): Promise<void> {
    await Promise.all([...this.applied.values()].map((object) => this.target.kube.delete(object)));
    this.applied.clear();
  }

  private served(object: TestObject): TestObject {
    return object.apiVersion === 'discovery.k8s.io/v1beta1'
      ? { ...object, apiVersion: `discovery.k8s.io/${this.target.sliceVersion}` }
      : object;
  }
}
