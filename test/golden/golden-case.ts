import { readFileSync } from 'node:fs';
import type { TestObject } from '../support/kube-client.js';
import type { Keys } from '../support/snapshot.js';

export type GoldenStep =
  | { readonly apply: readonly TestObject[] }
  | { readonly delete: readonly TestObject[] }
  | { readonly stop: true }
  | { readonly start: true }
  | { readonly etcdPut: Readonly<Record<string, string>> }
  | { readonly etcdDelete: readonly string[] };

/** One case as it was observed on the original; spec/k8s-sync.md §15 describes the fields. */
export interface GoldenCase {
  readonly name: string;
  readonly flags: readonly string[];
  readonly note?: string;
  readonly requires?: readonly string[];
  /** The number of the difference, in the list of those on purpose, that the original shows here. */
  readonly differs?: number;
  readonly steps: readonly GoldenStep[];
  readonly allKeys?: true;
  readonly prefix?: string;
  readonly expect?: Keys;
  readonly expectOneOf?: readonly Keys[];
  readonly expectOurs?: Keys;
  readonly expectOursExternalWorkloadsFalse?: Keys;
  readonly expectAfterStep?: readonly Keys[];
  readonly externalWorkloadsFalseMatters: boolean;
  readonly expectExternalWorkloadsFalse?: Keys;
  readonly expectAfterStepExternalWorkloadsFalse?: readonly Keys[];
  readonly expectWhenStartedAfterAllSteps?: 'same' | Keys;
  readonly expectWhenStartedAfterAllStepsExternalWorkloadsFalse?: Keys;
}

export const goldenCases = JSON.parse(
  readFileSync(new URL('k8s-sync.json', import.meta.url), 'utf8'),
) as readonly GoldenCase[];

/** What the API server must be able to do for a case. */
export type Requirement = 'discovery-v1' | 'dual-stack' | 'none';

/** @throws Error for a requirement that nobody has taught the runner: it would be skipped in silence. */
export function requirement({ name, requires = [] }: GoldenCase): Requirement {
  const [text, ...others] = requires;
  if (text === undefined) return 'none';
  if (others.length === 0 && text.includes('discovery.k8s.io/v1 ')) return 'discovery-v1';
  if (others.length === 0 && text.includes('dual-stack')) return 'dual-stack';
  throw new Error(`${name} requires something unknown: ${requires.join('; ')}`);
}
