import { describe, expect, it } from 'vitest';
import { expectation, flagsOf, modes } from './expectation.js';
import { groupFreshStarts, type FreshStart } from './fresh-start-groups.js';
import { goldenCases, requirement } from './golden-case.js';
import { ours } from './ours.js';

const named = new Map(goldenCases.map((golden) => [golden.name, golden]));

describe('what ours must give', () => {
  it('is said for every case, in every mode', () => {
    const all = goldenCases.flatMap((golden) => modes(golden).map((mode) => expectation(golden, mode)));

    // 120 cases; the 40 of services and the bootstrap keys in the second mode too.
    expect(all).toHaveLength(120 + 40 + 1);
    for (const { final } of all) expect(final.length).toBeGreaterThan(0);
  });

  it('is better than the original exactly where the recording says that we differ', () => {
    for (const golden of goldenCases) {
      const [better] = expectation(golden, 'as-given').final;
      if (golden.differs === undefined && golden.expect) expect(better).toEqual(golden.expect);
      if (golden.expectOurs) expect(golden.differs).toBeGreaterThan(0);
    }
  });

  it.each(Object.entries(ours))(
    'has a number and a step for each step: %s',
    (name, { difference, unmarked, afterStep }) => {
      const golden = named.get(name)!;

      expect(golden.differs).toBe(unmarked ? undefined : difference);
      expect(afterStep).toHaveLength(golden.steps.length);
      // Only the way there differs in these.
      expect(afterStep.at(-1)).toEqual(golden.expect);
    },
  );
});

describe(requirement, () => {
  it('is known for every case', () => {
    const counts: Record<string, number> = {};
    for (const golden of goldenCases) counts[requirement(golden)] = (counts[requirement(golden)] ?? 0) + 1;

    expect(counts).toEqual({ none: 113, 'discovery-v1': 6, 'dual-stack': 1 });
  });

  it('refuses what nobody has taught it', () => {
    expect(() => requirement({ ...goldenCases[0]!, requires: ['a moon'] })).toThrow('a moon');
  });
});

describe(groupFreshStarts, () => {
  const fresh = goldenCases.flatMap((golden): FreshStart[] => {
    const { freshStart } = expectation(golden, 'as-given');
    return freshStart && flagsOf(golden, 'as-given').length === 0 ? [{ golden, expected: freshStart }] : [];
  });

  it('puts every case into one group', () => {
    expect(groupFreshStarts(fresh).flat().toSorted(byName)).toEqual(fresh.toSorted(byName));
  });

  it('keeps cases apart that share an object or a key', () => {
    for (const group of groupFreshStarts(fresh)) {
      const keys = group.flatMap(({ expected }) => Object.keys(expected));
      expect(new Set(keys).size).toBe(keys.length);
      const objects = group.flatMap(({ golden }) => [...objectNames(golden)]);
      expect(new Set(objects).size).toBe(objects.length);
    }
  });
});

const byName = (a: FreshStart, b: FreshStart): number => a.golden.name.localeCompare(b.golden.name);

function objectNames({ steps }: FreshStart['golden']): Set<string> {
  const objects = steps.flatMap((step) => ('apply' in step ? step.apply : []));
  return new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`));
}
