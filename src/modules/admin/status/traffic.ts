import type { Clock } from '../../../common/clock.js';
import { type Buckets, quantile } from '../../metrics/quantile.js';

/** What was written lately. */
export interface TrafficFigures {
  /** What the figures are over, ms: up to a minute. */
  readonly windowMs: number;
  /** Keys that etcd acknowledged, per second. */
  readonly keysPerSecond: number;
  /** From the arrival of an event to etcd's acknowledgement of its key, ms, estimated from buckets; absent when nothing changed. */
  readonly propagation?: { readonly p50Ms: number; readonly p99Ms: number; readonly changes: number };
}

/** Counters that only grow, read at one moment. */
export interface TrafficCounters {
  readonly writtenKeys: number;
  /** Of the propagation, seconds. */
  readonly propagation: Buckets;
}

interface Sample extends TrafficCounters {
  readonly at: number;
}

const windowMs = 60_000;

/** Rates and quantiles of the last minute, from counters that are read about once a second. */
export class Traffic {
  private readonly samples: Sample[] = [];

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  sample(counters: TrafficCounters): void {
    const at = this.clock.monotonic();
    this.samples.push({ at, ...counters });
    // One sample older than the window stays: it is where the window begins.
    while ((this.samples[1]?.at ?? Infinity) <= at - windowMs) this.samples.shift();
  }

  /** Undefined before the second sample. */
  figures(): TrafficFigures | undefined {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.at <= first.at) return undefined;
    const windowMs = last.at - first.at;
    const counts = last.propagation.counts.map((n, at) => n - (first.propagation.counts[at] ?? 0));
    const buckets = { bounds: last.propagation.bounds, counts };
    const p50 = quantile(0.5, buckets);
    const p99 = quantile(0.99, buckets);
    const changes = counts.reduce((sum, n) => sum + n, 0);
    return {
      windowMs: Math.round(windowMs),
      keysPerSecond: rounded(((last.writtenKeys - first.writtenKeys) * 1000) / windowMs),
      ...(p50 === undefined || p99 === undefined
        ? {}
        : { propagation: { p50Ms: rounded(p50 * 1000), p99Ms: rounded(p99 * 1000), changes } }),
    };
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
