import { describe, expect, it } from 'vitest';
import { differences, expectedSnapshot, snapshotOf, type Keys, type Snapshot } from '../support/snapshot.js';
import { expectation, modes } from './expectation.js';
import { goldenCases } from './golden-case.js';

const every = goldenCases.flatMap((golden) => modes(golden).map((mode) => ({ golden, mode })));

describe(differences, () => {
  it('has 120 cases to compare', () => {
    expect(new Set(goldenCases.map(({ name }) => name)).size).toBe(120);
  });

  it.each(every)('sees one changed bit of any byte of any value: $golden.name, $mode', ({ golden, mode }) => {
    const { afterStep, final, freshStart } = expectation(golden, mode);
    for (const keys of [...afterStep, ...final, freshStart]) {
      if (keys) expectEveryFlipToBeSeen(keys);
    }
  });

  it.each(every)('sees a missing and an extra key: $golden.name, $mode', ({ golden, mode }) => {
    for (const keys of expectation(golden, mode).final) {
      const expected = expectedSnapshot(keys);
      expect(differences(new Map([...expected, ['cilium/state/x', '']]), expected)).toHaveLength(1);
      for (const key of expected.keys()) {
        const without = new Map([...expected].filter(([other]) => other !== key));
        expect(differences(without, expected)).toHaveLength(1);
      }
    }
  });
});

describe(snapshotOf, () => {
  it('masks a value that is nothing but a time stamp, in any zone', () => {
    const stored = new Map(
      [
        '2026-11-23T13:09:33Z',
        '2026-11-23T08:21:42-05:00',
        '2026-11-23T13:09:33.123Z',
        ' 2026-11-23T13:09:33Z',
      ].map((value, at) => [String(at), { value, modRevision: '1', lease: '0' }]),
    );

    const seen = snapshotOf(stored, () => true);

    expect([...seen.values()]).toEqual([
      '<RFC3339>',
      '<RFC3339>',
      '2026-11-23T13:09:33.123Z',
      ' 2026-11-23T13:09:33Z',
    ]);
  });
});

function expectEveryFlipToBeSeen(keys: Keys): void {
  const expected = expectedSnapshot(keys);
  expect(differences(expected, expected)).toEqual([]);
  for (const [key, value] of expected) {
    for (let at = 0; at < value.length; at++) {
      const flipped =
        value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ 1) + value.slice(at + 1);
      const actual: Snapshot = new Map([...expected, [key, flipped]]);
      if (differences(actual, expected).length !== 1) {
        expect.fail(`byte ${String(at)} of ${key} may be anything`);
      }
    }
  }
}
