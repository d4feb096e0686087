import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { TokenBucket } from '../../common/token-bucket.js';
import type { KvstoreOptions } from '../config/server-options.js';
import type { KvstoreMetrics } from '../metrics/kvstore-metrics.js';
import type { LimiterMetrics } from '../metrics/limiter-metrics.js';
import type { WriteObserver } from './write-observer.js';
import type { Budget } from './writer.js';

type Limits = Pick<KvstoreOptions, 'qps' | 'bootstrapQps' | 'maxInflight'>;

/**
 * `etcd.qps` and `etcd.bootstrapQps`, counted in requests: one transaction takes one token, as one put does in the original.
 * The burst is always `etcd.qps` (spec/k8s-sync.md §5). Tells the limiter's metrics what it does.
 */
export class WriteBudget implements Budget, WriteObserver {
  private readonly bucket: TokenBucket;
  /** Seconds that each admitted request waited, until its answer is observed. */
  private readonly waits: number[] = [];

  constructor(
    private readonly limits: Limits,
    private readonly clock: Clock,
    private readonly kvstore: KvstoreMetrics,
    private readonly limiter: LimiterMetrics,
  ) {
    const rate = limits.bootstrapQps ?? limits.qps;
    this.bucket = new TokenBucket({ rate, burst: Math.max(1, limits.qps), clock });
    limiter.rateLimit(rate, limits.qps);
  }

  /** Everything has been written once: from now on `etcd.qps` holds. */
  bootstrapped(log: Log): void {
    if (this.limits.bootstrapQps === undefined) return;
    log.info('Bootstrap complete, updating client QPS limit', { etcdQPSLimit: this.limits.qps });
    this.bucket.setRate(this.limits.qps);
    this.limiter.rateLimit(this.limits.qps, this.limits.qps);
  }

  async take(signal?: AbortSignal): Promise<boolean> {
    const started = this.clock.monotonic();
    const taken = await this.bucket.take(signal);
    if (taken) {
      this.waits.push((this.clock.monotonic() - started) / 1000);
      this.limiter.inFlight(this.waits.length, this.limits.maxInflight);
    }
    return taken;
  }

  giveBack(): void {
    this.waits.pop();
    this.bucket.giveBack();
    this.limiter.inFlight(this.waits.length, this.limits.maxInflight);
  }

  request(durationMs: number, outcome: 'success' | 'fail', budgeted = true): void {
    const waited = (budgeted ? this.waits.shift() : undefined) ?? 0;
    this.limiter.finished({ outcome, waited, processed: durationMs / 1000 });
    this.limiter.inFlight(this.waits.length, this.limits.maxInflight);
  }

  propagated(scope: string, ms: number): void {
    this.kvstore.propagation(scope, ms / 1000);
  }

  failed(scope: string, cluster?: string): void {
    this.kvstore.syncError(scope, 1, cluster);
  }
}
