import { readFileSync } from 'node:fs';
import { collectDefaultMetrics, type Gauge, type Registry } from 'prom-client';

/** What Go's process collector reports for "unlimited": the largest uint64, rounded to a float. */
const unlimited = 2 ** 64;

/** Watching the delays of the event loop wakes the program as often as this: a hundred times a second by default, never here. ms */
const neverMs = 2 ** 31 - 1;
const watchedDelays = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'];

/**
 * `process_*` under the names that the original's Go collectors use, and `nodejs_*` in addition. Of the delays of the event loop
 * only the one at the scrape: watching them all the time was most of what an idle program did (0.9 of 1.4 % of a core).
 */
export function addProcessMetrics(register: Registry, virtualMemoryMax: Gauge<never>): void {
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: neverMs });
  for (const figure of watchedDelays) register.removeSingleMetric(`nodejs_eventloop_lag_${figure}_seconds`);
  const limit = process.platform === 'linux' ? addressSpaceLimit() : undefined;
  if (limit !== undefined) virtualMemoryMax.set(limit);
}

/** Bytes; undefined when the kernel's table has no such line. */
function addressSpaceLimit(): number | undefined {
  const soft = /^Max address space\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? unlimited : Number(soft);
}
