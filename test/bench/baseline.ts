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
export function moved(
  results: readonly Result[],
  baseline: readonly Result[] = readBaseline(),
): Record<string, string | number>[] {
  return results.flatMap((result) => {
    const before = counterpart(result, baseline);
    if (!before) return [];
    return Object.entries(result).flatMap(([figure, now]) => {
      const then = before[figure];
      if (typeof now !== 'number' || typeof then !== 'number' || !hasMoved(then, now)) return [];
      const ratio = then === 0 ? 'from 0' : Math.round((now / then) * 100) / 100;
      return [{ question: result.question, figure, before: then, now, ratio }];
    });
  });
}

/** The questions that cannot be compared: the baseline has none of their shape. */
export function withoutBaseline(
  results: readonly Result[],
  baseline: readonly Result[] = readBaseline(),
): string[] {
  return results.filter((result) => !counterpart(result, baseline)).map(({ question }) => question);
}

function counterpart(result: Result, baseline: readonly Result[]): Result | undefined {
  return baseline.find((old) => keyOf(old) === keyOf(result));
}

function hasMoved(then: number, now: number): boolean {
  return Math.abs(now - then) > Math.abs(then) / 10;
}
