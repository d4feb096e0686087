import type { DemoStack } from './demo-stack.js';
import { checkKeys, expectedCopies, expectedKeys } from './expected-keys.js';
import { meshService, meshServiceObjects } from './mesh-objects.js';
import { meshTable } from './mesh-table.js';
import { pause } from './pause.js';
import type { MeshStack } from './mesh-stack.js';

/** Backends that the service starts with, and up to how many it grows. */
const firstBackends = 2;
const mostBackends = 6;
/** Between two changes of the service in some cluster. */
const changeMs = 2_000;

/** The mesh from its start; `once`: until the service is everywhere, with a check of all keys. */
export async function showMesh(stack: MeshStack, once: boolean, signal: AbortSignal): Promise<void> {
  const { clusters, home } = stack;
  await stack.start();
  console.log(`${String(clusters.length)} clusters are ready, each with its API server, etcd and mirror.`);
  const readyMs = await stack.startKvstoremesh();
  console.log(`kvstoremesh of ${home.name} is ready after ${(readyMs / 1000).toFixed(1)} s.`);
  const over = new AbortController();
  const end = AbortSignal.any([signal, over.signal]);
  const live = new MeshFollower(stack);
  const following = live.follow(end);
  // Awaited at the end; if the watch breaks before, a change that is not seen says so.
  following.catch(() => undefined);
  try {
    await within(live.opened, 'the watch did not open');
    await live.print();
    for (const cluster of clusters) {
      const ms = await live.change(cluster, firstBackends);
      console.log(
        `\nCreated ${meshService} in ${cluster.name}: ${keyInHome(stack, cluster)} in the etcd of ${home.name} ` +
          `after ${String(ms)} ms`,
      );
      await live.print();
    }
    if (once) await check(stack);
    else await keepChanging(stack, live, end);
  } finally {
    over.abort();
  }
  await following;
}

async function keepChanging(stack: MeshStack, live: MeshFollower, signal: AbortSignal): Promise<void> {
  const { clusters, home } = stack;
  console.log(`
Where to look:
  status           ${stack.page} (in a browser)
  remote clusters  curl ${stack.clusterUrl}
  etcd             ETCDCTL_API=3 etcdctl --endpoints ${home.urls.etcd} get --prefix cilium/cache/

The backends of ${meshService} change in one cluster after the other; Ctrl-C ends everything.`);
  for (let n = 1; !signal.aborted; n++) {
    await pause(changeMs, signal);
    const cluster = clusters[n % clusters.length];
    if (!cluster || signal.aborted) return;
    const round = Math.floor(n / clusters.length);
    await live.change(cluster, firstBackends + ((round + 1) % (mostBackends - firstBackends)));
    await live.print();
  }
}

/** Tells when the service of a cluster has reached the etcd of the first. */
class MeshFollower {
  private open: () => void = () => undefined;
  /** From then on no change is missed. */
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
  /** By cluster: ms of its last change until it was there. */
  private readonly latencies = new Map<string, number>();
  private readonly waiting = new Map<string, () => void>();

  constructor(private readonly stack: MeshStack) {}

  async follow(signal: AbortSignal): Promise<void> {
    const { clusters, home } = this.stack;
    const keys = new Set(clusters.map((cluster) => keyInHome(this.stack, cluster)));
    for await (const { key } of home.etcd.watch('cilium/', signal, this.open)) {
      if (keys.has(key)) this.waiting.get(key)?.();
    }
  }

  /** Resolves with the ms from the change of the API server's object to that of the key. */
  async change(cluster: DemoStack, backends: number): Promise<number> {
    const key = keyInHome(this.stack, cluster);
    const seen = new Promise<void>((resolve) => this.waiting.set(key, resolve));
    const begin = performance.now();
    for (const object of meshServiceObjects(cluster.id, backends)) cluster.apiServer.apply(object);
    await within(seen, `${key} did not change`);
    const ms = Math.round(performance.now() - begin);
    this.latencies.set(cluster.name, ms);
    return ms;
  }

  async print(): Promise<void> {
    const { home, clusters } = this.stack;
    const { length: skipped } = 'cilium/';
    const keys = (await home.etcd.list('cilium/')).map(({ key }) => key.slice(skipped));
    const remotes = await this.stack.remotes();
    const names = clusters.map(({ name }) => name);
    console.log(`\n${meshTable({ names, remotes, keys, latencies: this.latencies })}`);
  }
}

/** Where the etcd of the first cluster has the service of one of them. */
function keyInHome({ home }: MeshStack, cluster: DemoStack): string {
  const folder = cluster === home ? 'state' : 'cache';
  return `cilium/${folder}/services/v1/${cluster.name}/${meshService}`;
}

/** @throws Error unless the etcd of the first cluster holds its own keys, the copies of all others, and nothing else */
async function check({ clusters, home }: MeshStack): Promise<void> {
  const keys = clusters.flatMap((cluster) => {
    const own = expectedKeys(cluster.apiServer, cluster.name);
    return [...(cluster === home ? own : expectedCopies(own, cluster.name))];
  });
  checkKeys(new Set(keys), await home.etcd.list('cilium/'));
  console.log(`\nAll ${String(keys.length)} keys that belong in the etcd of ${home.name} are there.`);
}

async function within(seen: Promise<void>, problem: string): Promise<void> {
  const limitMs = 30_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${problem} within ${String(limitMs / 1000)} s`));
    }, limitMs);
  });
  try {
    await Promise.race([seen, late]);
  } finally {
    clearTimeout(timer);
  }
}
