import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Result {
  readonly question: string;
  readonly [figure: string]: string | number;
}

const path = fileURLToPath(new URL('baseline.json', import.meta.url));

/** A result is comparable with one of the same question and shape. */
function keyOf(result: Result): string {
  const { question, clusters, nodes, identities, endpoints, services } = result;
  return JSON.stringify({ question, clusters, nodes, identities, endpoints, services });
}

export function readBaseline(): Result[] {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Result[]) : [];
}

export function saveBaseline(results: readonly Result[]): void {
  const kept = readBaseline().filter((old) => !results.some((result) => keyOf(result) === keyOf(old)));
  writeFileSync(path, JSON.stringify([...kept, ...results], null, 2) + '\n');
}

/** What moved by more than a tenth since the baseline: figure, before, now, ratio. */
export function moved(results: readonly Result[]): Record<string, string | number>[] {
  const baseline = new Map(readBaseline().map((result) => [keyOf(result), result]));
  return results.flatMap((result) => {
    const before = baseline.get(keyOf(result));
    if (!before) return [];
    return Object.entries(result).flatMap(([figure, now]) => {
      const then = before[figure];
      if (typeof now !== 'number' || typeof then !== 'number' || then === 0) return [];
      const ratio = Math.round((now / then) * 100) / 100;
      return Math.abs(ratio - 1) > 0.1
        ? [{ question: result.question, figure, before: then, now, ratio }]
        : [];
    });
  });
}
