import type { Clock } from '../../common/clock.js';
import { TokenBucket } from '../../common/token-bucket.js';
import type { RequestBudget } from '../etcd/remote/guarded-client.js';
import type { LimiterMetrics } from '../metrics/limiter-metrics.js';

/** What may be asked of one remote etcd: `etcd.qps` requests a second, and as many at once (spec/kvstoremesh.md §6.4). */
export class RemoteBudget implements RequestBudget {
  private readonly bucket: TokenBucket;
  private readonly waits: number[] = [];

  constructor(
    private readonly limits: { readonly qps: number; readonly maxInflight: number },
    private readonly clock: Clock,
    private readonly metrics: LimiterMetrics,
  ) {
    this.bucket = new TokenBucket({ rate: limits.qps, burst: Math.max(1, limits.qps), clock });
    metrics.rateLimit(limits.qps, limits.qps);
  }

  async take(signal?: AbortSignal): Promise<boolean> {
    const started = this.clock.monotonic();
    const taken = await this.bucket.take(signal);
    if (taken) this.waits.push((this.clock.monotonic() - started) / 1000);
    return taken;
  }

  done(ms: number, outcome: 'success' | 'fail'): void {
    this.metrics.finished({ outcome, waited: this.waits.shift() ?? 0, processed: ms / 1000 });
    this.metrics.inFlight(this.waits.length, this.limits.maxInflight);
  }
}
