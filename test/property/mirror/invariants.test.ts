import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeEtcd } from '../../support/fake-etcd.js';
import { MirrorLab } from '../../support/mirror-lab.js';

/** The invariants of the design, against random histories of wishes, faults, strangers and restarts. */

type Step =
  | { do: 'set'; owner: number; keys: number[]; value: number }
  | { do: 'remove'; owner: number }
  | { do: 'fault'; fault: 'unavailable' | 'lost-answer' | 'other' }
  | { do: 'revoke' }
  | { do: 'strangerPut'; key: number }
  | { do: 'strangerDelete'; key: number }
  | { do: 'breathe' };

const owner = fc.integer({ min: 0, max: 4 });
const key = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      owner,
      keys: fc.array(key, { maxLength: 3 }),
      value: fc.integer({ min: 0, max: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), owner }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      fault: fc.constantFrom('unavailable' as const, 'lost-answer' as const, 'other' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'revoke' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('strangerPut' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('strangerDelete' as const), key }) },
  { weight: 3, arbitrary: fc.constant({ do: 'breathe' as const }) },
);

const numerically = (a: number, b: number): number => a - b;
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What each owner wants in the end, computed the simple way. */
class Model {
  private readonly wishes = new Map<number, { keys: number[]; value: number; at: number }>();
  private time = 0;

  set(who: number, keys: number[], value: number): void {
    const before = this.wishes.get(who);
    const same =
      before !== undefined &&
      before.value === value &&
      before.keys.join() === [...new Set(keys)].toSorted(numerically).join();
    if (same) return;
    this.wishes.set(who, { keys: [...new Set(keys)].toSorted(numerically), value, at: ++this.time });
  }

  remove(who: number): void {
    this.wishes.delete(who);
  }

  /** Per key the values that some present owner wants: which of several wins depends on history, that one must does not. */
  allowed(): Map<string, Set<string>> {
    const result = new Map<string, Set<string>>();
    for (const [who, wish] of this.wishes) {
      for (const k of wish.keys) {
        const values = result.get(`a/${k}`) ?? new Set();
        values.add(`${who}:${wish.value}`);
        result.set(`a/${k}`, values);
      }
    }
    return result;
  }
}

function apply(lab: MirrorLab, model: Model, one: Step): void {
  const { etcd } = lab;
  switch (one.do) {
    case 'set':
      model.set(one.owner, one.keys, one.value);
      lab.set(
        lab.a,
        `o${one.owner}`,
        Object.fromEntries(one.keys.map((k) => [k, `${one.owner}:${one.value}`])),
      );
      return;
    case 'remove':
      model.remove(one.owner);
      lab.desired.remove(lab.a, `o${one.owner}`);
      return;
    case 'fault':
      etcd.faults.push(one.fault);
      return;
    case 'revoke':
      for (const lease of [...etcd.liveLeases].slice(0, 1)) etcd.revoke(lease);
      return;
    case 'strangerPut':
      if (lab.a.records.get(`a/${one.key}`)?.owner !== undefined) etcd.put(`a/${one.key}`, 'stranger');
      return;
    case 'strangerDelete':
      etcd.delete(`a/${one.key}`);
      return;
    case 'breathe':
  }
}

function expectConverged(lab: MirrorLab, model: Model): void {
  const allowed = model.allowed();
  const ours = [...lab.etcd.store.values()].filter((e) => e.key.startsWith('a/') && e.lease !== '0');
  expect(ours.map((e) => e.key).toSorted()).toEqual([...allowed.keys()].toSorted());
  for (const entry of ours) {
    expect(allowed.get(entry.key)).toContain(entry.value);
    expect(lab.etcd.liveLeases.has(entry.lease)).toBe(true);
    expect(entry.value).toBe(lab.a.records.get(entry.key)?.want);
  }
}

/** The drift watch, the writer and delayed events have all come to rest. */
async function settle(lab: MirrorLab): Promise<void> {
  for (let calm = 0, seen = -1; calm < 12;) {
    await lab.quiet();
    for (let i = 0; i < 4; i++) await breathe();
    const now = lab.etcd.revision;
    calm = now === seen ? calm + 1 : 0;
    seen = now;
  }
}

describe('invariants of the mirror', () => {
  it('I1, I4, I5: whatever happens, etcd ends with what the owners want, under live leases, and nothing else of ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const lab = await new MirrorLab(new FakeEtcd(), { leaseCapacity: 3 }).start();
        const model = new Model();
        lab.firstSync.listed(lab.a);
        lab.watch(lab.a);
        try {
          for (const one of steps) {
            apply(lab, model, one);
            if (one.do === 'breathe') await breathe();
          }
          lab.etcd.faults.length = 0;
          await settle(lab);
          await lab.stored.observe(lab.a);
          await settle(lab);
          expectConverged(lab, model);
        } finally {
          await lab.stop();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('I2: the canary is written after every key of the first list', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.array(
          fc.constantFrom('unavailable' as const, 'lost-answer' as const, 'other' as const, undefined),
          { maxLength: 6 },
        ),
        fc.integer({ min: 1, max: 7 }),
        async (keys, faults, maxTxnOps) => {
          const etcd = new FakeEtcd();
          const lab = await new MirrorLab(etcd, { maxTxnOps }).start();
          etcd.faults.push(...faults);
          try {
            for (let i = 0; i < keys; i++) lab.set(lab.a, `o${i}`, { [`k${i}`]: `${i}` });
            lab.firstSync.listed(lab.a);
            await lab.quiet();
            const canary = etcd.applied.findIndex((op) => op.key === 'canary/a');
            const before = new Set(etcd.applied.slice(0, canary).map((op) => op.key));
            expect(canary).toBeGreaterThanOrEqual(0);
            expect(before.size).toBe(keys);
          } finally {
            await lab.stop();
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('I7: a restart rewrites nothing that is right and removes what is gone', async () => {
    const names = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(names, names, async (before, after) => {
        const etcd = new FakeEtcd();
        const first = await new MirrorLab(etcd, { leaseCapacity: 4 }).start();
        for (const i of before) first.set(first.a, `o${i}`, { [`k${i}`]: `${i}` });
        await first.quiet();
        await first.stop();
        const revisions = new Map([...etcd.store.values()].map((e) => [e.key, e.modRevision]));

        const second = await new MirrorLab(etcd, { leaseCapacity: 4 }).start();
        try {
          for (const i of after) second.set(second.a, `o${i}`, { [`k${i}`]: `${i}` });
          second.firstSync.listed(second.a);
          await second.quiet();
          expect([...etcd.store.keys()].filter((k) => k.startsWith('a/')).toSorted()).toEqual(
            after.map((i) => `a/k${i}`).toSorted(),
          );
          for (const i of after) {
            if (before.includes(i))
              expect(etcd.store.get(`a/k${i}`)?.modRevision).toBe(revisions.get(`a/k${i}`));
          }
        } finally {
          await second.stop();
        }
      }),
      { numRuns: 60 },
    );
  });
});
