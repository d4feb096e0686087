import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EtcdFault, type KvOp } from '../../../src/modules/etcd/kv.js';
import { FakeEtcd } from '../../support/fake-etcd.js';
import { MirrorLab } from '../../support/mirror-lab.js';

const tooLarge = 'x'.repeat(60);
const turns = fc.integer({ min: 0, max: 4 });
const faults = ['unavailable', 'timeout', 'other', 'no-space'] as const;

/** How a transaction fares: turns until it is applied, how it fails if it does, turns until the answer is there. */
const fate = fc.record({
  before: turns,
  fault: fc.option(fc.constantFrom(...faults), { freq: 2 }),
  after: turns,
});
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      owner: fc.integer({ min: 0, max: 3 }),
      keys: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
      value: fc.constantFrom('1', '2', tooLarge),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('remove' as const), owner: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), noticed: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), turns }) },
);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const wait = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await turn();
};

/** An etcd whose answers take their time, and fail as they are told to; afterwards it is well. */
class SlowEtcd extends FakeEtcd {
  override maxValueBytes = 50;
  well = false;

  constructor(
    private readonly fates: readonly {
      before: number;
      fault: (typeof faults)[number] | null;
      after: number;
    }[],
  ) {
    super();
  }

  override async txn(ops: readonly KvOp[]): Promise<{ revision: number }> {
    const mine = this.well ? undefined : this.fates[this.transactions % Math.max(1, this.fates.length)];
    await wait(mine?.before ?? 0);
    if (mine?.fault) {
      this.transactions++;
      throw new EtcdFault('injected', mine.fault);
    }
    const answer = await super.txn(ops);
    await wait(mine?.after ?? 0);
    return answer;
  }
}

async function rest(lab: MirrorLab): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await lab.quiet();
    await wait(20);
  }
}

it('whatever changes while writes are under way: the first sync ends, nothing is lost, left, or counted twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { maxLength: 20 }),
      fc.array(step, { minLength: 1, maxLength: 50 }),
      fc.nat(),
      async (fates, steps, listedAt) => {
        const etcd = new SlowEtcd(fates);
        const lab = await new MirrorLab(etcd, { leaseCapacity: 3, maxTxnOps: 4 }).start();
        const wishes = new Map<number, { keys: number[]; value: string }>();
        try {
          for (const [i, one] of steps.entries()) {
            if (i === listedAt % steps.length) {
              lab.firstSync.listed(lab.a);
              lab.watch(lab.a);
            }
            if (one.do === 'wait') await wait(one.turns);
            if (one.do === 'remove') {
              wishes.delete(one.owner);
              lab.desired.remove(lab.a, `o${one.owner}`);
            }
            if (one.do === 'set') {
              wishes.set(one.owner, one);
              lab.set(lab.a, `o${one.owner}`, Object.fromEntries(one.keys.map((key) => [key, one.value])));
            }
            if (one.do === 'revoke') {
              const [lease = '0'] = etcd.liveLeases;
              etcd.revoke(lease);
              if (one.noticed) await lab.leases.check([lease]);
            }
          }
          etcd.well = true;
          await rest(lab);
          for (const scope of [lab.a, lab.desired.scope('canaries')]) await lab.stored.observe(scope);
          await rest(lab);

          const wanted = new Set([...wishes.values()].flatMap(({ keys }) => keys.map((key) => `a/${key}`)));
          const records = [...lab.a.records.values()];
          expect(new Set(records.map(({ key }) => key))).toEqual(wanted);
          for (const { key, want, refused } of records) {
            expect(refused).toBe(want === tooLarge);
            if (!refused) expect(etcd.store.get(key)?.value).toBe(want);
          }
          const ours = [...etcd.store.keys()].filter((key) => key.startsWith('a/'));
          expect(ours.filter((key) => !wanted.has(key))).toEqual([]);
          expect(etcd.store.has('canary/a')).toBe(true);
          expect([lab.a.inFlight, lab.a.firstSyncPending]).toEqual([0, 0]);
          expect(lab.a.refused).toBe(records.filter(({ refused }) => refused).length);

          const hanging = new Map<string, number>();
          for (const { lease } of etcd.store.values()) hanging.set(lease, (hanging.get(lease) ?? 0) + 1);
          for (const [lease, keys] of lab.leases.usage) {
            // A refused key that has never been stored keeps the lease that was taken for it.
            const kept = records.filter(
              (record) => record.refused && record.lease === lease && !etcd.store.has(record.key),
            ).length;
            if (etcd.liveLeases.has(lease)) expect(keys).toBe((hanging.get(lease) ?? 0) + kept);
          }
        } finally {
          await lab.stop();
        }
      },
    ),
    { numRuns: 150 },
  );
});
