import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../../src/common/bytes.js';
import { type Clock, systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import { ClusterCache } from '../../../src/modules/kvstoremesh/cluster-cache.js';
import { localPrefix, MESH_TYPES, type MeshType } from '../../../src/modules/kvstoremesh/mesh-keys.js';
import { meshTable } from '../../../src/modules/kvstoremesh/mesh-table.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';
import { Drift } from '../../../src/modules/mirror/drift.js';
import { MirrorService } from '../../../src/modules/mirror/mirror.service.js';
import { StoredState } from '../../../src/modules/mirror/stored-state.js';
import { silentObserver } from '../../../src/modules/mirror/write-observer.js';
import { Writer } from '../../../src/modules/mirror/writer.js';
import { TaskGroup } from '../../../src/common/task-group.js';
import { eventually } from '../../support/eventually.js';
import { FakeEtcd, FakeLeases } from '../../support/fake-etcd.js';

/** Fifty times as fast as time is: repairs, retries and removals wait on purpose. */
const fastClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * 50,
  sleep: (ms, signal) => systemClock.sleep(ms / 50, signal),
};

const clusters = ['a', 'b', 'c'] as const;
const suffix = fc.oneof(
  fc.constantFrom('', 'n1', 'n2', '../b/n1', '../../../../cluster-config/b', './x', 'a//b', 'n/'),
  fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const value = fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const type = fc.constantFrom<MeshType>(...MESH_TYPES);
const cluster = fc.constantFrom<string>(...clusters);

/** One step of what remote clusters, strangers and operators do. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('put' as const), cluster, type, suffix, value }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('delete' as const), cluster, type, suffix }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('list' as const),
      cluster,
      type,
      entries: fc.array(fc.tuple(suffix, value), { maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('drain' as const), cluster }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('tamper' as const), cluster, type, suffix }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('lose leases' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('fail' as const) }) },
);

/** The mirror with shared areas over an etcd in memory, as one process of kvstoremesh has it. */
class MeshProcess {
  readonly leases: FakeLeases;
  readonly desired = new DesiredState([]);
  readonly mirror: MirrorService;
  readonly caches = new Map<string, ClusterCache>();
  readonly crashes: unknown[] = [];
  readonly tasks = new TaskGroup((_, error) => this.crashes.push(error));

  constructor(readonly etcd: FakeEtcd) {
    const { desired } = this;
    const clock = fastClock;
    const leases = (this.leases = new FakeLeases(etcd));
    const stored = new StoredState(desired, etcd, leases, 10);
    const pause = () => ({ next: () => 1, reset: () => undefined });
    const budget = {
      take: () => Promise.resolve(),
      giveBack: () => undefined,
      bootstrapped: () => undefined,
    };
    const writer = new Writer({
      desired,
      kv: etcd,
      leases,
      budget,
      pause,
      clock,
      log: silentLog,
      observer: silentObserver,
      maxTxnOps: 7,
      maxInflight: 4,
    });
    const drift = new Drift({
      desired,
      stored,
      watcher: etcd,
      leases,
      clock,
      log: silentLog,
      onEvent: () => undefined,
      onRepair: () => undefined,
      onReconnected: () => undefined,
    });
    this.mirror = new MirrorService({
      table: meshTable('own'),
      desired,
      stored,
      writer,
      drift,
      leases,
      budget: budget as never,
      metrics: { bootstrapped: () => undefined } as never,
      clock,
      log: silentLog,
    });
  }

  async start(): Promise<void> {
    await this.mirror.start(this.tasks);
    this.mirror.becomeReady();
  }

  cache(name: string): ClusterCache {
    let cache = this.caches.get(name);
    if (!cache) {
      const { desired, mirror } = this;
      const audit = { add: () => undefined };
      const parts = { desired, mirror, audit, clock: fastClock, log: silentLog };
      cache = new ClusterCache({ cluster: name, maxConnectedClusters: 255, ...parts });
      cache.configure({ id: 1, maxConnectedClusters: 255, syncedCanaries: true, cached: false });
      this.caches.set(name, cache);
    }
    return cache;
  }

  async drain(name: string): Promise<void> {
    const cache = this.caches.get(name);
    this.caches.delete(name);
    await cache?.drain(0, this.tasks.signal);
  }
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
/** What each type of each cluster holds at its source. */
type Model = Map<string, Map<string, string>>;

const sourceOf = (model: Model, name: string, of: MeshType): Map<string, string> => {
  const id = localPrefix(of, name);
  const source = model.get(id) ?? new Map<string, string>();
  model.set(id, source);
  return source;
};

async function apply(mesh: MeshProcess, model: Model, one: Step): Promise<void> {
  switch (one.op) {
    case 'put':
      mesh.cache(one.cluster).types.get(one.type)?.put(one.suffix, one.value);
      sourceOf(model, one.cluster, one.type).set(one.suffix, one.value);
      return;
    case 'delete':
      mesh.cache(one.cluster).types.get(one.type)?.remove(one.suffix);
      sourceOf(model, one.cluster, one.type).delete(one.suffix);
      return;
    case 'list': {
      const cached = mesh.cache(one.cluster).types.get(one.type)!;
      cached.keepOnly(new Set(one.entries.map(([at, bytes]) => cached.put(at, bytes))));
      mesh.cache(one.cluster).listed(cached);
      model.set(localPrefix(one.type, one.cluster), new Map(one.entries));
      return;
    }
    case 'drain':
      for (const of of MESH_TYPES) model.delete(localPrefix(of, one.cluster));
      return mesh.drain(one.cluster);
    case 'tamper': {
      const key = localPrefix(one.type, one.cluster) + one.suffix;
      if (mesh.etcd.store.has(key)) mesh.etcd.put(key, 'tampered', mesh.etcd.store.get(key)?.lease);
      return;
    }
    case 'lose leases':
      for (const lease of mesh.leases.usage.keys()) mesh.etcd.revoke(lease);
      await mesh.leases.check(mesh.leases.usage.keys());
      return;
    case 'fail':
      mesh.etcd.faults.push('unavailable', 'lost-answer');
  }
}

function wanted(model: Model): Record<string, string> {
  const entries = [...model].flatMap(([prefix, source]) =>
    [...source].map(([at, bytes]) => [prefix + at, bytes] as const),
  );
  return Object.fromEntries(entries);
}

const copies = (etcd: FakeEtcd): Record<string, string> =>
  Object.fromEntries(Object.entries(etcd.contents()).filter(([key]) => key.startsWith('cilium/cache/')));

describe('the caches of all remote clusters', () => {
  it('end equal to their sources, byte for byte and each below its own prefix, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const mesh = new MeshProcess(new FakeEtcd());
        const model: Model = new Map();
        await mesh.start();
        for (const one of steps) await apply(mesh, model, one);

        await eventually(() => {
          expect(copies(mesh.etcd)).toEqual(wanted(model));
          return true;
        });
        const configs = [...mesh.caches.keys()].map((name) => `cilium/cluster-config/${name}`).toSorted();
        const others = Object.keys(mesh.etcd.contents()).filter((key) => !key.startsWith('cilium/cache/'));
        await eventually(() => {
          const now = Object.keys(mesh.etcd.contents()).filter((key) =>
            key.startsWith('cilium/cluster-config/'),
          );
          expect(now.toSorted()).toEqual(configs);
          return true;
        });
        expect(others.every((key) => /^cilium\/(cluster-config|synced)\/[abc]/.test(key))).toBe(true);
        await mesh.tasks.stop();
        expect(mesh.crashes).toEqual([]);
      }),
      // Repairs and removals wait in real time: as many runs as a few seconds allow.
      { numRuns: 100, interruptAfterTimeLimit: 8000 },
    );
  }, 60_000);

  it('are taken over by the next process, which writes only what differs and removes what is gone', async () => {
    const state = fc.dictionary(fc.constantFrom('n1', 'n2', 'n3', '../x'), value);
    await fc.assert(
      fc.asyncProperty(state, state, async (before, after) => {
        const etcd = new FakeEtcd();
        const first = new MeshProcess(etcd);
        await first.start();
        const list = (mesh: MeshProcess, entries: Record<string, string>): void => {
          const cached = mesh.cache('a').types.get('nodes')!;
          cached.keepOnly(new Set(Object.entries(entries).map(([at, bytes]) => cached.put(at, bytes))));
          mesh.cache('a').listed(cached);
        };
        const holds = (entries: Record<string, string>) =>
          eventually(() => {
            const local = Object.entries(entries).map(([at, bytes]) => [
              `cilium/cache/nodes/v1/a/${at}`,
              bytes,
            ]);
            expect(copies(etcd)).toEqual(Object.fromEntries(local));
            return true;
          });
        list(first, before);
        await holds(before);
        await eventually(() => etcd.store.has(bytesOf('cilium/synced/a/cilium/cache/nodes/v1')));
        await first.tasks.stop();

        const written = etcd.applied.length;
        const second = new MeshProcess(etcd);
        await second.start();
        list(second, after);
        await holds(after);
        await second.tasks.stop();

        const differ = (key: string): boolean => before[key] !== after[key];
        const changed = new Set([...Object.keys(before), ...Object.keys(after)].filter(differ));
        expect(etcd.applied.length - written).toBe(changed.size);
      }),
      { numRuns: 40 },
    );
  });
});
