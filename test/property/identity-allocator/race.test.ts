import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import { IdentityAllocator } from '../../../src/modules/identity-allocator/identity-allocator.js';
import { IdentityIndex } from '../../../src/modules/identity-allocator/identity-index.js';
import { labelsKey, securityLabels } from '../../../src/modules/identity-allocator/security-labels.js';
import { FakeIdentities } from '../../support/fake-identities.js';

const range = { min: 256, max: 511 };

function allocator(server: FakeIdentities, delay: () => number): IdentityAllocator {
  const index = new IdentityIndex(range);
  server.watch(index, delay);
  const common = { api: server.api, index, range, clock: systemClock, log: silentLog };
  return new IdentityAllocator({ ...common, random: Math.random });
}

const labelSets = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 40 });
const delays = fc.infiniteStream(fc.nat(4));

describe('allocators that race', () => {
  it('agree on one identity a label set, whatever each has seen yet', async () => {
    const property = fc.asyncProperty(labelSets, delays, delays, fc.nat(), async (sets, one, two, turn) => {
      const server = new FakeIdentities();
      const signal = new AbortController().signal;
      const allocators = [one, two].map((stream) => allocator(server, () => stream.next().value as number));
      const order = sets.map((_, i) => sets[(i + turn) % sets.length]!);
      const numbers = await Promise.all(
        allocators.flatMap((each, i) =>
          (i === 0 ? sets : order).map(async (set) => [
            set,
            await each.acquire(set, { 'k8s:app': set }, signal),
          ]),
        ),
      );

      expect(new Set(numbers.map(([set, number]) => `${set} ${number}`)).size).toBe(sets.length);
      expect(new Set(numbers.map(([, number]) => number)).size).toBe(sets.length);
      expect(server.objects.size).toBe(sets.length);
      for (const [, number] of numbers) expect(number).toSatisfy((n: number) => n >= 256 && n <= 511);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('prefer a twin that somebody without this rule made before them', async () => {
    const property = fc.asyncProperty(delays, fc.integer(range), fc.nat(30), async (late, number, turns) => {
      const server = new FakeIdentities();
      const sut = allocator(server, () => late.next().value as number);
      const allocation = sut.acquire('vm', { 'k8s:app': 'x' }, new AbortController().signal);
      for (let i = 0; i < turns; i++) await Promise.resolve();
      server.create(number, { 'k8s:app': 'x' });
      const chosen = await allocation;
      await server.settled();

      const again = await sut.acquire('vm', { 'k8s:app': 'x' }, new AbortController().signal);

      // Twins of one second: all settle on the lowest number; both have the labels, so neither answer was wrong.
      expect(again).toBe(Math.min(...[...server.objects.keys()].map(Number)));
      expect([...server.objects.keys()]).toContain(String(chosen));
    });
    await fc.assert(property, { numRuns: 60 });
  });
});

describe(labelsKey.name, () => {
  it('is the same for the same labels in any order, and for no others', () => {
    const maps = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { minKeys: 1, maxKeys: 5 });
    fc.assert(
      fc.property(maps, maps, (a, b) => {
        const of = (labels: Record<string, string>) => securityLabels(new Map(Object.entries(labels)));
        const reversed = Object.fromEntries(Object.entries(a).reverse());
        expect(labelsKey(of(reversed))).toBe(labelsKey(of(a)));
        // Label texts of Kubernetes hold neither `=` nor `;`.
        const plain = (labels: object) => !/[=;]/.test(JSON.stringify(labels));
        if (!plain(a) || !plain(b)) return;
        const sorted = (labels: object) =>
          JSON.stringify(
            Object.entries(labels)
              .map((entry) => JSON.stringify(entry))
              .sort(),
          );
        expect(labelsKey(of(a)) === labelsKey(of(b))).toBe(sorted(of(a)) === sorted(of(b)));
      }),
    );
  });
});
