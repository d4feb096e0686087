import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Keys } from '../support/snapshot.js';
import { expectation, flagsOf, modes, type Mode } from './expectation.js';
import { groupFreshStarts, type FreshStart } from './fresh-start-groups.js';
import type { GoldenCase } from './golden-case.js';
import { GoldenLab, type GoldenTarget } from './golden-lab.js';

export interface ReplayOptions {
  readonly title: string;
  readonly cases: readonly GoldenCase[];
  /** Called once, before the first case. */
  readonly start: () => Promise<GoldenTarget>;
  /** Called once, after the last. */
  readonly stop: () => Promise<void>;
  /** Gets the name of every case that was really replayed. */
  readonly replayed: Set<string>;
}

interface Replay {
  readonly golden: GoldenCase;
  readonly mode: Mode;
  readonly flags: readonly string[];
}

/**
 * Declares the tests that replay cases against one API server: each live, step by step, in every mode in which it was recorded;
 * and each whose result is known as a fresh start after all its steps.
 */
export function replayGoldens({ title, cases, start, stop, replayed }: ReplayOptions): void {
  describe(title, { timeout: 180_000 }, () => {
    const target: { lab?: GoldenLab; apiServerPort?: number } = {};
    const lab = (): GoldenLab => target.lab!;

    beforeAll(async () => {
      const started = await start();
      target.lab = new GoldenLab(started);
      target.apiServerPort = started.apiServerPort;
    }, 180_000);

    afterAll(async () => {
      await target.lab?.close();
      await stop();
    }, 60_000);

    const replays = cases.flatMap((golden) =>
      modes(golden).map((mode): Replay => ({ golden, mode, flags: flagsOf(golden, mode) })),
    );

    for (const [flags, group] of byFlags(replays)) {
      describe(flags === '' ? 'default flags' : flags, () => {
        it.each(group)('$golden.name', async (replay) => {
          replayed.add(replay.golden.name);
          await orHalt(lab(), () => expectLive(lab(), replay, target.apiServerPort!));
        });
      });

      const fresh = groupFreshStarts(group.flatMap(freshStart));
      if (fresh.length === 0) continue;
      describe(`started after all steps, ${flags === '' ? 'default flags' : flags}`, () => {
        it.each(
          fresh.map((members) => ({ members, names: members.map(({ golden }) => golden.name).join(', ') })),
        )('$names', async ({ members }) => {
          await orHalt(lab(), () => expectFreshStart(lab(), members, group[0]!.flags));
        });
      });
    }
  });
}

/** Declares the test that no case was left out: `expected` are the names, `count` their number as a literal that a reader can check. */
export function proveNoneSkipped(
  replayed: ReadonlySet<string>,
  expected: readonly GoldenCase[],
  count: number,
): void {
  it(`replayed ${String(count)} cases`, () => {
    expect([...replayed].toSorted()).toEqual(expected.map(({ name }) => name).toSorted());
    expect(replayed.size).toBe(count);
  });
}

async function expectLive(
  lab: GoldenLab,
  { golden, mode, flags }: Replay,
  apiServerPort: number,
): Promise<void> {
  const { afterStep, final } = expectation(golden, mode);
  if (golden.steps.length === 0) {
    await lab.restart(flags);
    await lab.expectExactly(
      final.map((keys) => withPort(keys, apiServerPort)),
      golden.prefix ?? 'cilium/',
    );
    return;
  }
  await lab.ensure(flags);
  for (const [at, step] of golden.steps.entries()) {
    await lab.perform(step);
    await lab.settle();
    const expected = afterStep[at];
    if (expected) await lab.expectExactly([expected]);
  }
  await lab.expectExactly(final);
  await lab.clean();
}

async function expectFreshStart(
  lab: GoldenLab,
  members: readonly FreshStart[],
  flags: readonly string[],
): Promise<void> {
  await lab.halt();
  for (const { golden } of members) {
    for (const step of golden.steps) await lab.perform(step);
  }
  await lab.begin(flags);
  await lab.expectExactly([Object.assign({}, ...members.map(({ expected }) => expected)) as Keys]);
}

function freshStart({ golden, mode }: Replay): FreshStart[] {
  const { freshStart: expected } = expectation(golden, mode);
  return expected ? [{ golden, expected }] : [];
}

function byFlags(replays: readonly Replay[]): Map<string, Replay[]> {
  const groups = new Map<string, Replay[]>();
  for (const replay of replays) {
    const flags = replay.flags.join(' ');
    groups.set(flags, [...(groups.get(flags) ?? []), replay]);
  }
  return groups;
}

/** What a failed case leaves behind must not fail the next one. */
async function orHalt(lab: GoldenLab, replay: () => Promise<void>): Promise<void> {
  try {
    await replay();
  } catch (error) {
    await lab.halt();
    throw error;
  }
}

/** The recording shows the port of its own API server in default/kubernetes. */
function withPort(keys: Keys, port: number): Keys {
  const entries = Object.entries(keys).map(([key, value]) => [
    key,
    value.replace('"Port":31643', `"Port":${String(port)}`),
  ]);
  return Object.fromEntries(entries) as Keys;
}
