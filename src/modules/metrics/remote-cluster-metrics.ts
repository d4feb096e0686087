import { LimiterMetrics } from './limiter-metrics.js';
import type { MetricsRegistry } from './metrics-registry.js';

/** What is to be said of a remote cluster at the moment of a scrape. */
export interface RemoteClusterGauges {
  readonly name: string;
  /** Set while its configuration is known, which is the original's idea of ready. */
  readonly config: object | undefined;
  readonly failures: number;
  /** ms since the epoch; 0: never. */
  readonly lastFailureAt: number;
  /** 0 while it is followed. */
  readonly awayMs: number;
  readonly cache: {
    readonly faultyEntries: number;
    readonly types: Iterable<readonly [string, { readonly synced: boolean }]>;
  };
}

export interface MeshGauges {
  readonly clusters: readonly RemoteClusterGauges[];
  /** Attempts to connect so far, and how many a second there may be. */
  readonly attempts: number;
  readonly maxPerSecond: number;
}

/** Something that agents hold against a remote cluster, or why we do not follow it. */
export interface ConfigWarningGauge {
  readonly cluster: string;
  readonly reason: string;
}

/** Metrics of the remote clusters (spec/kvstoremesh.md §10.4). */
export class RemoteClusterMetrics {
  private counted = 0;
  private shown = new Set<string>();

  constructor(
    private readonly registry: MetricsRegistry,
    private readonly ownCluster: string,
  ) {}

  /** Of the client of a remote etcd. */
  limiter(cluster: string): LimiterMetrics {
    return new LimiterMetrics(this.registry, `etcd-${cluster}`);
  }

  /** Reads the gauges off the clusters themselves before each scrape. Those of a cluster that is gone stay, not ready any more. */
  follow(source: () => MeshGauges): void {
    this.registry.beforeScrape(() => {
      const { clusters, attempts, maxPerSecond } = source();
      const labels = { source_cluster: this.ownCluster, source_node_name: '' };
      this.registry.gauge('remote_clusters').set(labels, clusters.length);
      this.registry.counter('remote_connection_attempts_total').inc(labels, attempts - this.counted);
      this.counted = attempts;
      this.registry.gauge('remote_connection_attempts_limit').set(labels, maxPerSecond);
      const names = new Set(clusters.map(({ name }) => name));
      for (const gone of this.shown) if (!names.has(gone)) this.ready(gone, false);
      for (const name of names) this.shown.add(name);
      for (const cluster of clusters) this.cluster(cluster);
    });
  }

  /** Reads what is wrong with the clusters before each scrape. What does not hold any more, or is of a cluster that is gone, has no series. */
  followWarnings(source: () => readonly ConfigWarningGauge[]): void {
    const gauge = this.registry.gauge('remote_cluster_config_warnings');
    this.registry.beforeScrape(() => {
      gauge.reset();
      for (const { cluster, reason } of source()) gauge.set({ ...this.labels(cluster), reason }, 1);
    });
  }

  private labels(target: string) {
    return { source_cluster: this.ownCluster, source_node_name: '', target_cluster: target };
  }

  private ready(target: string, ready: boolean): void {
    this.registry.gauge('remote_cluster_readiness_status').set(this.labels(target), ready ? 1 : 0);
  }

  private cluster({ name, config, failures, lastFailureAt, awayMs, cache }: RemoteClusterGauges): void {
    const labels = this.labels(name);
    this.ready(name, config !== undefined);
    this.registry.gauge('remote_cluster_failures').set(labels, failures);
    this.registry.gauge('remote_cluster_last_failure_ts').set(labels, lastFailureAt / 1000);
    this.registry.gauge('remote_cluster_cache_age_seconds').set(labels, awayMs / 1000);
    this.registry.gauge('remote_cluster_faulty_entries').set(labels, cache.faultyEntries);
    const read = this.registry.gauge('kvstore_initial_sync_completed');
    for (const [type, { synced }] of cache.types)
      read.set({ scope: `${type}/v1`, source_cluster: name, action: 'read' }, synced ? 1 : 0);
  }
}
