import { describe, expect, it } from 'vitest';
import { type BatchLimits, collect } from '../../../src/modules/mirror/batch.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';
import type { Scope } from '../../../src/modules/mirror/scope.js';
import { Turns } from '../../../src/modules/mirror/turns.js';

const limits = { maxOps: 128, maxBytes: 1024 * 1024 };

describe(collect, () => {
  /** Scopes s0, s1, … with so many dirty keys each. */
  const lab = (...keys: readonly number[]): Lab => new Lab(keys);

  it('gives each of a few scopes an equal share', () => {
    expect(lab(1000, 1000, 1000, 1000).batch()).toEqual({ s0: 32, s1: 32, s2: 32, s3: 32 });
  });

  it('gives what some do not need to the others', () => {
    expect(lab(3, 1000).batch()).toEqual({ s0: 3, s1: 125 });
  });

  it('serves hundreds of scopes in turn, a few keys each, and none twice before all had a turn', () => {
    const sut = lab(...Array.from({ length: 24 }, () => 1000));

    const batches = [sut.batch(), sut.batch(), sut.batch()];

    expect(batches.flatMap((batch) => Object.keys(batch))).toEqual(
      Array.from({ length: 24 }, (_, i) => `s${i}`),
    );
    expect(new Set(batches.flatMap((batch) => Object.values(batch)))).toEqual(new Set([16]));
  });

  it('serves a scope with a few keys at once, before hundreds that wait for their next turn', () => {
    const sut = lab(...Array.from({ length: 500 }, () => 50), 0);
    for (let i = 0; i < 70; i++) sut.batch();

    sut.want('s500', 2);

    expect(sut.batch()['s500']).toBe(2);
  });

  it('does so once a round, so that those who wait get on', () => {
    const sut = lab(...Array.from({ length: 40 }, () => 1000), ...Array.from({ length: 200 }, () => 0));
    const served: Record<string, number>[] = [];
    for (let i = 0; i < 40; i++) {
      for (let one = 40; one < 240; one++) if (sut.scope(`s${one}`).dirty.size === 0) sut.want(`s${one}`, 1);
      served.push(sut.batch());
    }

    const keys = (of: (scope: number) => boolean): number =>
      served
        .flatMap((batch) => Object.entries(batch))
        .reduce((sum, [name, n]) => sum + (of(Number(name.slice(1))) ? n : 0), 0);
    expect(keys((scope) => scope < 40)).toBeGreaterThan(40 * 64);
  });

  it('counts bytes as well as keys: of large values and of small ones the same part of a transaction is taken', () => {
    const sut = lab(0, 0);
    sut.want('s0', 300, 100_000);
    sut.want('s1', 3000, 100);
    const keys = { s0: 0, s1: 0 };
    for (let i = 0; i < 20; i++) {
      const { s0 = 0, s1 = 0 } = sut.batch();
      keys.s0 += s0;
      keys.s1 += s1;
    }

    const parts = { s0: (keys.s0 * 100_000) / limits.maxBytes, s1: keys.s1 / limits.maxOps };
    expect(parts.s0).toBeGreaterThan(15);
    expect(Math.abs(parts.s0 - parts.s1)).toBeLessThan(0.25);
  });

  it('lets those that lag go first after one value that filled a transaction', () => {
    const sut = lab(0, 0);
    sut.want('s0', 2, limits.maxBytes);
    sut.want('s1', 1000);

    expect([sut.batch(), sut.batch(), sut.batch(), sut.batch()]).toEqual([
      { s0: 1 },
      { s1: 128 },
      { s0: 1 },
      { s1: 128 },
    ]);
  });

  it('goes on with the value that had no room', () => {
    const sut = lab(10, 0);
    sut.want('s1', 1, limits.maxBytes);
    sut.want('s1', 50);

    expect(sut.batch()).toEqual({ s0: 10 });
    expect(sut.batch()).toEqual({ s1: 1 });
    expect(sut.batch()).toEqual({ s1: 50 });
  });

  it('makes a scope pay for its large values, also when it has nothing to write meanwhile', () => {
    const sut = lab(0, ...Array.from({ length: 40 }, () => 3000));
    let large = 0;
    for (let i = 0; i < 200; i++) {
      if (sut.scope('s0').dirty.size === 0) sut.want('s0', 1, limits.maxBytes);
      large += sut.batch()['s0'] ?? 0;
    }

    // A fair share of 200 transactions among 41 is 5; not paid for, it was one in six.
    expect(large).toBeGreaterThanOrEqual(4);
    expect(large).toBeLessThanOrEqual(8);

    while (sut.scope('s0').dirty.size > 0) sut.batch();
    for (let round = 0; round < 10; round++) sut.batch();
    sut.want('s0', 1);
    expect(sut.batch()).not.toHaveProperty('s0');
  });

  it('is even with everyone once nobody waits', () => {
    const sut = lab(0, 1);
    sut.want('s0', 1, limits.maxBytes);
    while (sut.turns.size > 0) sut.batch();

    sut.want('s0', 1);
    sut.want('s1', 200);
    expect(sut.batch()).toEqual({ s0: 1, s1: 127 });
  });

  it('leaves a scope that had all of its first turn its place in the round', () => {
    const sut = lab(...Array.from({ length: 80 }, () => 100), 16);
    for (let i = 0; i < 11; i++) sut.batch();

    sut.want('s80', 1);
    const waits = Array.from({ length: 20 }, () => sut.batch()).findIndex((batch) => 's80' in batch);
    expect(waits).toBeLessThanOrEqual(10);
  });

  describe('of one kind only', () => {
    const deletes = { ...limits, only: 'deletes' } as const;
    const puts = { ...limits, only: 'puts' } as const;

    it('takes all there is, and leaves the rest', () => {
      const sut = lab(200, 200, 0);
      sut.stored('s2', 300);
      sut.unwant('s2', 300);

      expect([1, 2, 3, 4].map(() => sut.batch(deletes))).toEqual([{ s2: 128 }, { s2: 128 }, { s2: 44 }, {}]);
      expect(sut.batch(puts)).toEqual({ s0: 128 });
      expect(sut.turns.size).toBe(2);
    });

    it('finds a deletion behind puts, of a scope that has had more than its share', () => {
      const sut = lab(0, 0);
      sut.want('s0', 1, limits.maxBytes);
      sut.want('s0', 1);
      expect(sut.batch()).toEqual({ s0: 1 });
      sut.stored('s0', 1);
      sut.unwant('s0', 1);

      expect(sut.batch(deletes)).toEqual({ s0: 1 });
      expect(sut.batch(deletes)).toEqual({});
    });

    it('finds a deletion behind a scope whose keys came right by themselves', () => {
      const sut = lab(0, 1);
      sut.stored('s0', 1);
      sut.unwant('s0', 1);
      sut.stored('s0', 1);
      sut.stored('s1', 1);
      sut.unwant('s1', 1);

      expect(sut.batch(deletes)).toEqual({ s1: 1 });
      expect(sut.batch()).toEqual({ s1: 1 });
      expect(sut.turns.size).toBe(0);
    });
  });

  it('counts only scopes that wait', () => {
    const sut = lab(...Array.from({ length: 8 }, () => 16));
    expect(sut.turns.size).toBe(8);
    sut.batch();
    expect(sut.turns.size).toBe(0);
  });

  it('forgets scopes that have nothing left', () => {
    const sut = lab(2, 2, 2);

    expect(sut.batch()).toEqual({ s0: 2, s1: 2, s2: 2 });
    expect(sut.turns.size).toBe(0);
    expect(sut.turns.next()).toBeUndefined();
    sut.want('s1', 1);
    sut.turns.delete(sut.scope('s1'));
    expect(sut.turns.size).toBe(0);
  });

  it('forgets a scope that is set aside, wherever it stands', () => {
    const sut = lab(1000, 1000);
    const aside = (name: string): void => sut.turns.delete(sut.scope(name));
    aside('s0');
    expect(sut.batch()).toEqual({ s1: 128 });
    aside('s1');
    expect(sut.turns.size).toBe(0);
    expect(sut.batch()).toEqual({});

    sut.turns.add(sut.scope('s1'));
    expect(sut.batch()).toEqual({ s1: 128 });
  });
});

class Lab {
  readonly turns = new Turns();
  private readonly desired: DesiredState;

  constructor(keys: readonly number[]) {
    const names = keys.map((_, i) => `s${i}`);
    this.desired = new DesiredState(names.map((name) => ({ name, target: { prefix: `${name}/` } })));
    this.desired.listen({ onDirty: ({ scope }) => this.turns.add(scope), onSettled: () => undefined });
    keys.forEach((count, i) => this.want(`s${i}`, count));
  }

  scope(name: string): Scope {
    return this.desired.scope(name);
  }

  /** So many keys more of the scope are dirty. */
  want(name: string, count: number, bytes = 1): void {
    const scope = this.scope(name);
    for (let left = count; left > 0; left--) {
      const key = `${name}/${scope.owners.size}`;
      this.desired.replace(scope, key, [{ key, value: 'x'.repeat(bytes) }]);
    }
  }

  /** etcd holds so many keys of the scope, and they are wanted. */
  stored(name: string, count: number): void {
    const scope = this.scope(name);
    for (let i = 0; i < count; i++) {
      const entry = { key: `${name}/stored-${i}`, value: '1', lease: '7', modRevision: 1 };
      this.desired.adopt(scope, entry, true);
      this.desired.replace(scope, entry.key, [entry]);
    }
  }

  unwant(name: string, count: number): void {
    for (let i = 0; i < count; i++) this.desired.remove(this.scope(name), `${name}/stored-${i}`);
  }

  /** Keys in the next transaction, by scope. It succeeds. */
  batch(by: BatchLimits = limits): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const record of collect(this.turns, by)) {
      const { scope } = record;
      counts[scope.name] = (counts[scope.name] ?? 0) + 1;
      record.inFlight = false;
      scope.inFlight--;
      this.desired.stored(record, record.want, '7', 1);
    }
    return counts;
  }
}
