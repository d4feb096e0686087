/**
 * Every metric of the program (spec/operations.md §7, spec/k8s-sync.md §13): dashboards and alerts of the original read these
 * names, labels and buckets. Metrics that the original does not have stand at the end, under the same prefix.
 *
 * Left out on purpose: the original's `go_*` collectors describe a Go runtime, which is not here. `nodejs_*` stand in.
 */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds in seconds, ascending, without +Inf. Histograms only. */
  readonly buckets?: readonly number[];
  /** The name as it is, without the program's prefix. */
  readonly unprefixed?: true;
}

export const PREFIXES = {
  clustermesh: 'cilium_clustermesh_apiserver_',
  kvstoremesh: 'cilium_kvstoremesh_',
} as const;
export type MetricsApp = keyof typeof PREFIXES;

/** Go's prometheus.DefBuckets. */
const goBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const queueBuckets = [0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1] as const;
const propagationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

export const METRICS = {
  version: {
    type: 'gauge',
    labels: ['version', 'revision', 'arch'],
    help: 'Version of the program; always 0',
  },
  bootstrap_seconds: {
    type: 'gauge',
    labels: ['source_cluster'],
    help: 'Duration in seconds to complete bootstrap',
  },
  kvstore_operations_duration_seconds: {
    type: 'histogram',
    labels: ['scope', 'kind', 'action', 'outcome'],
    buckets: goBuckets,
    help: 'Duration in seconds of kvstore operations; keys that share a transaction share its duration',
  },
  kvstore_events_queue_seconds: {
    type: 'histogram',
    labels: ['scope', 'action'],
    buckets: queueBuckets,
    help: 'Seconds waited before a received event was queued',
  },
  kvstore_quorum_errors_total: { type: 'counter', labels: ['error'], help: 'Number of quorum errors' },
  kvstore_sync_queue_size: {
    type: 'gauge',
    labels: ['scope', 'source_cluster'],
    help: 'Number of elements queued for synchronization in the kvstore',
  },
  kvstore_sync_errors_total: {
    type: 'counter',
    labels: ['scope', 'source_cluster'],
    help: 'Number of times synchronization to the kvstore failed',
  },
  kvstore_initial_sync_completed: {
    type: 'gauge',
    labels: ['scope', 'source_cluster', 'action'],
    help: 'Whether the initial synchronization from/to the kvstore has completed',
  },
  api_limiter_processing_duration_seconds: {
    type: 'gauge',
    labels: ['api_call', 'value'],
    help: 'Current mean and estimated processing duration',
  },
  api_limiter_wait_duration_seconds: {
    type: 'gauge',
    labels: ['api_call', 'value'],
    help: 'Current mean, min, and max wait duration',
  },
  api_limiter_requests_in_flight: {
    type: 'gauge',
    labels: ['api_call', 'value'],
    help: 'Current and maximum allowed number of requests in flight',
  },
  api_limiter_rate_limit: {
    type: 'gauge',
    labels: ['api_call', 'value'],
    help: 'Current rate limiting configuration',
  },
  api_limiter_processed_requests_total: {
    type: 'counter',
    labels: ['api_call', 'outcome', 'return_code'],
    help: 'Total number of API requests processed',
  },
  controllers_group_runs_total: {
    type: 'counter',
    labels: ['group_name', 'status'],
    help: 'Number of times that a controller process was run, by controller group',
  },
  remote_clusters: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name'],
    help: 'The total number of remote clusters meshed with the local cluster',
  },
  remote_cluster_readiness_status: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name', 'target_cluster'],
    help: 'The readiness status of the remote cluster',
  },
  remote_cluster_failures: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name', 'target_cluster'],
    help: 'The total number of failures related to the remote cluster',
  },
  remote_cluster_last_failure_ts: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name', 'target_cluster'],
    help: 'The timestamp of the last failure of the remote cluster',
  },
  cilium_hive_status: {
    type: 'gauge',
    labels: ['status'],
    unprefixed: true,
    help: 'Number of stages that are ok, degraded or stopped',
  },
  process_virtual_memory_max_bytes: {
    type: 'gauge',
    labels: [],
    unprefixed: true,
    help: 'Maximum amount of virtual memory available in bytes.',
  },

  kvstore_propagation_seconds: {
    type: 'histogram',
    labels: ['scope'],
    buckets: propagationBuckets,
    help: 'Seconds from the arrival of an event to the acknowledgement of its key by the kvstore',
  },
  kvstore_keys: { type: 'gauge', labels: ['scope'], help: 'Number of keys that are wanted in the kvstore' },
  kvstore_refused_keys: {
    type: 'gauge',
    labels: ['scope'],
    help: 'Number of keys whose present value the kvstore refuses for good',
  },
  kvstore_drift_repairs_total: {
    type: 'counter',
    labels: ['scope', 'kind'],
    help: 'Number of keys that somebody else altered in the kvstore and that were put right',
  },
  kvstore_leases: { type: 'gauge', labels: [], help: 'Number of live leases that hold our keys' },
  remote_cluster_cache_age_seconds: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name', 'target_cluster'],
    help: 'Seconds for which the remote cluster has not been followed, so that its cache ages; 0: it is followed',
  },
  remote_cluster_faulty_entries: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name', 'target_cluster'],
    help: 'Number of entries of the remote cluster that agents skip',
  },
  remote_cluster_config_warnings: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name', 'target_cluster', 'reason'],
    help: 'Why agents refuse the remote cluster, or why it is not followed; 1 while that is so, else absent',
  },
  remote_connection_attempts_total: {
    type: 'counter',
    labels: ['source_cluster', 'source_node_name'],
    help: 'Number of attempts to connect to remote clusters',
  },
  remote_connection_attempts_limit: {
    type: 'gauge',
    labels: ['source_cluster', 'source_node_name'],
    help: 'How many attempts a second there may be, of all remote clusters together',
  },
  objects_rejected_total: {
    type: 'counter',
    labels: ['resource'],
    help: 'Number of Kubernetes objects that could not be used and were skipped',
  },
  identity_allocations_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Number of identities asked for on behalf of external workloads: created, reused, exhausted or failed',
  },
  external_workload_registrations_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Number of registrations of external workloads: answered, published, removed, refused or failed',
  },
  stage_healthy: { type: 'gauge', labels: ['stage'], help: 'Whether a stage does its job now' },
} as const satisfies Readonly<Record<string, MetricSpec>>;

type Table = typeof METRICS;
export type MetricName = keyof Table;
export type MetricOfType<Type extends MetricSpec['type']> = {
  [Name in MetricName]: Table[Name]['type'] extends Type ? Name : never;
}[MetricName];
export type LabelOf<Name extends MetricName> = Table[Name]['labels'][number];

export function fullName(app: MetricsApp, name: MetricName): string {
  return 'unprefixed' in METRICS[name] ? name : PREFIXES[app] + name;
}
