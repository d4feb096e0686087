import type { Outcome } from './kvstore-metrics.js';
import type { MetricsRegistry } from './metrics-registry.js';

/** The original's gauges are means over its last 10 requests. */
const meanOver = 10;

interface FinishedRequest {
  readonly outcome: Outcome;
  /** Seconds that the request waited for its turn. */
  readonly waited: number;
  /** Seconds that etcd took. */
  readonly processed: number;
}

/** What the request budget of an etcd client does. `apiCall` is `etcd` for the local one, `etcd-<cluster>` for a remote one. */
export class LimiterMetrics {
  private readonly waits: number[] = [];
  private readonly durations: number[] = [];

  constructor(
    private readonly registry: MetricsRegistry,
    private readonly apiCall = 'etcd',
  ) {}

  /** Set when the budget changes, not (as in the original) when the next request happens to finish. */
  rateLimit(perSecond: number, burst: number): void {
    const gauge = this.registry.gauge('api_limiter_rate_limit');
    gauge.set({ api_call: this.apiCall, value: 'limit' }, perSecond);
    gauge.set({ api_call: this.apiCall, value: 'burst' }, burst);
  }

  inFlight(requests: number, limit: number): void {
    const gauge = this.registry.gauge('api_limiter_requests_in_flight');
    gauge.set({ api_call: this.apiCall, value: 'in-flight' }, requests);
    gauge.set({ api_call: this.apiCall, value: 'limit' }, limit);
  }

  finished({ outcome, waited, processed }: FinishedRequest): void {
    const labels = { api_call: this.apiCall, outcome, return_code: outcome === 'success' ? '200' : '500' };
    this.registry.counter('api_limiter_processed_requests_total').inc(labels);
    remember(this.waits, waited);
    remember(this.durations, processed);
    this.show();
  }

  private show(): void {
    const wait = this.registry.gauge('api_limiter_wait_duration_seconds');
    wait.set({ api_call: this.apiCall, value: 'mean' }, mean(this.waits));
    wait.set({ api_call: this.apiCall, value: 'min' }, Math.min(...this.waits));
    wait.set({ api_call: this.apiCall, value: 'max' }, Math.max(...this.waits));
    const processing = this.registry.gauge('api_limiter_processing_duration_seconds');
    processing.set({ api_call: this.apiCall, value: 'mean' }, mean(this.durations));
    // A configured guess in the original, which its etcd client leaves at 0.
    processing.set({ api_call: this.apiCall, value: 'estimated' }, 0);
  }
}

function remember(window: number[], value: number): void {
  window.push(value);
  if (window.length > meanOver) window.shift();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
