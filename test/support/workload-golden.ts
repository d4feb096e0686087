import { readFileSync } from 'node:fs';
import { registerPrefix, type WorkloadLab } from './workload-lab.js';

interface GoldenStep {
  readonly op: string;
  readonly object?: object;
  readonly key?: string;
  readonly value?: { readonly Name: string; readonly NodeIdentity: number };
  readonly rawValue?: string;
}

export interface GoldenWorkloadCase {
  readonly name: string;
  readonly steps: readonly GoldenStep[];
  readonly expect: Readonly<Record<string, unknown>>;
}

const file = new URL('../golden/external-workloads.json', import.meta.url);

/** Observed on the original; its identity numbers are placeholders. */
export const goldenCases = JSON.parse(readFileSync(file, 'utf8')) as readonly GoldenWorkloadCase[];

export function goldenCase(name: string): GoldenWorkloadCase {
  const found = goldenCases.find((one) => one.name === name);
  if (!found) throw new Error(`no golden case ${name}`);
  return found;
}

/** What agents and people do in a case. A record with an identity is put when the server has answered, with what it gave. */
export async function play(lab: WorkloadLab, of: string): Promise<void> {
  for (const { op, object, key, value, rawValue } of goldenCase(of).steps) {
    if (op === 'k8s.create' && object) await lab.create(object);
    if (op !== 'etcd.put' || key === undefined) continue;
    const name = key.slice(registerPrefix.length);
    if (rawValue !== undefined) await lab.put(name, rawValue);
    else if (value && value.NodeIdentity === 0) await lab.put(name, value);
    else if (value) {
      const { NodeIdentity } = await lab.answer(name);
      await lab.put(name, { ...value, NodeIdentity });
    }
  }
}

/** Placeholders exchanged for what came in their place, wherever they stand. */
export function substituted(value: unknown, places: Readonly<Record<string, string>>): unknown {
  let text = JSON.stringify(value);
  for (const [from, to] of Object.entries(places)) text = text.replaceAll(from, to);
  return JSON.parse(text);
}
