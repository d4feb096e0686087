import type { Keys } from '../support/snapshot.js';
import type { GoldenCase } from './golden-case.js';
import { ours } from './ours.js';

/** `as-given`: the case's own flags. `shared-only`: `--enable-external-workloads=false` on top of them. */
export type Mode = 'as-given' | 'shared-only';

export const sharedOnlyFlag = '--enable-external-workloads=false';

/** What ours must give in one mode: the original's behaviour, and the better one where that differs on purpose. */
export interface Expectation {
  /** After each step; undefined where nobody recorded it. */
  readonly afterStep: readonly (Keys | undefined)[];
  /** At the end: one of these. */
  readonly final: readonly Keys[];
  /** When the program starts on an empty etcd after all steps; undefined where that is not determined. */
  readonly freshStart: Keys | undefined;
}

/** The modes in which a case is to be replayed. Service cases were recorded both ways, even where the result is the same. */
export function modes({ name, flags, externalWorkloadsFalseMatters }: GoldenCase): Mode[] {
  if (flags.includes(sharedOnlyFlag)) return ['as-given'];
  const both = externalWorkloadsFalseMatters || name.startsWith('service-');
  return both ? ['as-given', 'shared-only'] : ['as-given'];
}

export function flagsOf({ flags }: GoldenCase, mode: Mode): string[] {
  return mode === 'shared-only' ? [...flags, sharedOnlyFlag] : [...flags];
}

/** @throws Error for a case that says nothing, or that differs on purpose without saying what ours must give. */
export function expectation(golden: GoldenCase, mode: Mode): Expectation {
  const better = ours[golden.name];
  if (golden.differs !== undefined && !golden.expectOurs && better?.difference !== golden.differs) {
    throw new Error(
      `${golden.name} differs (${String(golden.differs)}), but nothing says what ours must give`,
    );
  }
  const final = finals(golden, mode, better?.afterStep.at(-1));
  return {
    afterStep: better?.afterStep ?? recordedSteps(golden, mode),
    final,
    freshStart: freshStart(golden, mode, final),
  };
}

function finals(golden: GoldenCase, mode: Mode, better: Keys | undefined): readonly Keys[] {
  if (mode === 'shared-only') {
    const special = golden.expectOursExternalWorkloadsFalse ?? golden.expectExternalWorkloadsFalse;
    if (special) return [special];
  }
  const final = golden.expectOurs ?? better ?? golden.expect;
  if (final) return [final];
  if (golden.expectOneOf) return golden.expectOneOf;
  throw new Error(`${golden.name} expects nothing`);
}

function recordedSteps(golden: GoldenCase, mode: Mode): readonly (Keys | undefined)[] {
  if (mode === 'as-given') return golden.expectAfterStep ?? [];
  if (golden.expectAfterStepExternalWorkloadsFalse) return golden.expectAfterStepExternalWorkloadsFalse;
  return golden.externalWorkloadsFalseMatters ? [] : (golden.expectAfterStep ?? []);
}

function freshStart(golden: GoldenCase, mode: Mode, final: readonly Keys[]): Keys | undefined {
  const special = golden.expectWhenStartedAfterAllStepsExternalWorkloadsFalse;
  if (mode === 'shared-only' && special) return special;
  const recorded = golden.expectWhenStartedAfterAllSteps;
  if (recorded === 'same') return final[0];
  return mode === 'shared-only' && golden.externalWorkloadsFalseMatters ? undefined : recorded;
}
