import type { BucketCounts } from './batch-histogram.js';
import type { MetricsRegistry } from './metrics-registry.js';
import type { Buckets } from './quantile.js';

/** The original's names; each belongs to one `kind` label (spec/operations.md §7). */
const kinds = {
  Get: 'read',
  ListPrefix: 'read',
  Update: 'set',
  CreateOnly: 'set',
  AcquireLease: 'set',
  Delete: 'delete',
  DeletePrefix: 'delete',
} as const;
export type KvstoreAction = keyof typeof kinds;
export type Outcome = 'success' | 'fail';
export type QuorumError = 'timeout' | 'lock timeout' | 'no event received';

/** What is to be said about one family of mirrored keys at the moment of a scrape. */
export interface ScopeGauges {
  /** `ip/v1`. */
  readonly scope: string;
  /** The remote cluster whose keys they are; absent: our own. */
  readonly cluster?: string;
  readonly keys: number;
  readonly dirty: number;
  readonly inFlight: number;
  readonly refused: number;
  readonly synced: boolean;
}

/** Metrics of the etcd side. Durations in seconds. Every method is cheap enough for each key of a first sync. */
export class KvstoreMetrics {
  private readonly propagations = new Map<string, BucketCounts>();

  constructor(
    private readonly registry: MetricsRegistry,
    private readonly cluster: string,
  ) {}

  /** `count` operations that took the same time, as the keys of one transaction do. */
  operation(scope: string, action: KvstoreAction, outcome: Outcome, seconds: number, count = 1): void {
    const histogram = this.registry.histogram('kvstore_operations_duration_seconds');
    histogram.child(scope, kinds[action], action, outcome).observe(seconds, count);
  }

  /** From the arrival of an event to the acknowledgement of its key. */
  propagation(scope: string, seconds: number): void {
    let child = this.propagations.get(scope);
    if (!child) {
      child = this.registry.histogram('kvstore_propagation_seconds').child(scope);
      this.propagations.set(scope, child);
    }
    child.observe(seconds);
  }

  /** Of all scopes together, seconds. */
  propagationBuckets(): Buckets {
    const { bounds } = this.registry.histogram('kvstore_propagation_seconds');
    const counts = Array.from({ length: bounds.length + 1 }, (_, at) =>
      [...this.propagations.values()].reduce((sum, child) => sum + (child.counts[at] ?? 0), 0),
    );
    return { bounds, counts };
  }

  /** `count` events that waited equally long. */
  eventQueued(
    scope: string,
    action: 'create' | 'modify' | 'delete' | 'listDone',
    seconds: number,
    count = 1,
  ): void {
    this.registry.histogram('kvstore_events_queue_seconds').child(scope, action).observe(seconds, count);
  }

  /** `count` 0 makes the counter visible. */
  syncError(scope: string, count = 1, cluster = this.cluster): void {
    this.registry.counter('kvstore_sync_errors_total').inc({ scope, source_cluster: cluster }, count);
  }

  quorumError(error: QuorumError): void {
    this.registry.counter('kvstore_quorum_errors_total').inc({ error });
  }

  driftRepaired(scope: string, kind: string): void {
    this.registry.counter('kvstore_drift_repairs_total').inc({ scope, kind });
  }

  leases(live: number): void {
    this.registry.gauge('kvstore_leases').set(live);
  }

  /** Once, when the program becomes ready. */
  bootstrapped(seconds: number): void {
    this.registry.gauge('bootstrap_seconds').set({ source_cluster: this.cluster }, seconds);
  }

  queueSize(scope: string, keys: number, cluster = this.cluster): void {
    this.registry.gauge('kvstore_sync_queue_size').set({ scope, source_cluster: cluster }, keys);
  }

  initialSync(
    scope: string,
    done: boolean,
    cluster = this.cluster,
    action: 'read' | 'write' = 'write',
  ): void {
    const labels = { scope, source_cluster: cluster, action };
    this.registry.gauge('kvstore_initial_sync_completed').set(labels, done ? 1 : 0);
  }

  /** Reads the per-scope gauges off the state itself before each scrape, so that they never disagree with it. */
  followScopes(source: () => readonly ScopeGauges[]): void {
    this.registry.beforeScrape(() => {
      const scopes = source();
      this.total('kvstore_keys', scopes, ({ keys }) => keys);
      this.total('kvstore_refused_keys', scopes, ({ refused }) => refused);
      for (const { scope, cluster, dirty, inFlight, synced } of scopes) {
        this.queueSize(scope, dirty + inFlight, cluster);
        this.initialSync(scope, synced, cluster);
        this.syncError(scope, 0, cluster);
      }
    });
  }

  /** Of all clusters together. */
  private total(
    name: 'kvstore_keys' | 'kvstore_refused_keys',
    scopes: readonly ScopeGauges[],
    of: (scope: ScopeGauges) => number,
  ): void {
    const sums = new Map<string, number>();
    for (const scope of scopes) sums.set(scope.scope, (sums.get(scope.scope) ?? 0) + of(scope));
    for (const [scope, sum] of sums) this.registry.gauge(name).set({ scope }, sum);
  }
}
