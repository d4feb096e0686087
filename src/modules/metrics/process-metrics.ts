import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, type Gauge, type Registry } from 'prom-client';

/** What Go's process collector reports for "unlimited": the largest uint64, rounded to a float. */
const unlimited = 2 ** 64;

/** `process_*` under the names that the original's Go collectors use, and `nodejs_*` in addition. */
export function addProcessMetrics(register: Registry, virtualMemoryMax: Gauge<never>): void {
  collectDefaultMetrics({ register });
  const limit = process.platform === 'linux' ? addressSpaceLimit() : undefined;
  if (limit !== undefined) virtualMemoryMax.set(limit);
}

/** Bytes; undefined when the kernel's table has no such line. */
function addressSpaceLimit(): number | undefined {
  const soft = /^Max address space\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? unlimited : Number(soft);
}
