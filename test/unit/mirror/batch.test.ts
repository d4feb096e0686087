import { describe, expect, it } from 'vitest';
import { collect } from '../../../src/modules/mirror/batch.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';
import type { Scope } from '../../../src/modules/mirror/scope.js';

describe(collect, () => {
  const limits = { maxOps: 128, maxBytes: 1024 * 1024 };
  const scopes = (count: number, keys: number): Set<Scope> => {
    const names = Array.from({ length: count }, (_, i) => `s${i}`);
    const desired = new DesiredState(names.map((name) => ({ name, target: { prefix: `${name}/` } })));
    for (const scope of desired.scopes.values()) {
      for (let i = 0; i < keys; i++) {
        const key = `${scope.name}/${i}`;
        desired.replace(scope, key, [{ key, value: '1' }]);
      }
    }
    return new Set(desired.scopes.values());
  };
  const shares = (waiting: Set<Scope>): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { scope } of collect(waiting, limits)) counts[scope.name] = (counts[scope.name] ?? 0) + 1;
    return counts;
  };

  it('gives each of a few scopes an equal share', () => {
    expect(shares(scopes(4, 1000))).toEqual({ s0: 32, s1: 32, s2: 32, s3: 32 });
  });

  it('gives what some do not need to the others', () => {
    const waiting = scopes(2, 1000);
    const [first] = waiting;
    while ((first?.dirty.size ?? 0) > 3) {
      const record = first?.dirty.shift();
      if (record) record.queued = false;
    }

    expect(shares(waiting)).toEqual({ s0: 3, s1: 125 });
  });

  it('serves hundreds of scopes in turn, a few keys each, and none twice before all had a turn', () => {
    const waiting = scopes(24, 1000);

    const batches = [shares(waiting), shares(waiting), shares(waiting)];

    expect(batches.flatMap((batch) => Object.keys(batch))).toEqual(
      Array.from({ length: 24 }, (_, i) => `s${i}`),
    );
    expect(new Set(batches.flatMap((batch) => Object.values(batch)))).toEqual(new Set([16]));
  });

  it('forgets scopes that have nothing left', () => {
    const waiting = scopes(3, 2);

    expect(shares(waiting)).toEqual({ s0: 2, s1: 2, s2: 2 });
    expect(waiting.size).toBe(0);
  });
});
