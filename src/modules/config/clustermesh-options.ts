import type { LeaderElectionOptions } from './leader-election-options.js';

/** Everything that `clustermesh` is told, typed, validated once and frozen. Names are the flags' in camel case; durations are ms. */
export interface ClustermeshOptions {
  readonly clusterName: string;
  readonly clusterId: number;
  readonly maxConnectedClusters: number;
  readonly kvstore: KvstoreOptions;
  readonly crdWaitTimeoutMs: number;
  readonly enableExternalWorkloads: boolean;
  readonly clusterUsersEnabled: boolean;
  readonly clusterUsersConfigPath: string;
  readonly kubernetes: KubernetesOptions;
  /** Absent: every replica writes, as to an etcd of its own. */
  readonly leaderElection?: LeaderElectionOptions;
  readonly healthPort: number;
  /** '' = no metrics server. */
  readonly prometheusServeAddr: string;
  /** `all`, `none` or group names. */
  readonly controllerGroupMetrics: readonly string[];
  /** host:port of the admin API; '' = off. Loopback only. */
  readonly adminServeAddr: string;
  readonly debug: boolean;
  readonly logFormat: 'logfmt' | 'json';
  readonly gopsPort: number;
  readonly pprof: boolean;
  readonly pprofAddress: string;
  readonly pprofPort: number;
}

/** `--kvstore-opt` and its neighbours. Exactly one of configPath and address is used; the file wins. */
export interface KvstoreOptions {
  readonly configPath?: string;
  readonly address?: string;
  /** Requests per second after bootstrap. */
  readonly qps: number;
  /** Requests per second until the first sync is written; absent = qps. */
  readonly bootstrapQps?: number;
  readonly maxInflight: number;
  /** Page size of range reads; 0 = unlimited. */
  readonly limit: number;
  readonly keepaliveHeartbeatMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Operations in one transaction, 1 = the original's behaviour. */
  readonly maxTxnOps: number;
  readonly leaseTtlMs: number;
  readonly periodicSyncMs: number;
  readonly connectivityTimeoutMs: number;
  readonly maxConsecutiveQuorumErrors: number;
}

export interface KubernetesOptions {
  readonly enabled: boolean;
  readonly apiServer: string;
  readonly kubeconfigPath: string;
  readonly apiDiscovery: boolean;
  readonly endpointSlice: boolean;
  /** 0 = client-go's defaults, 5/s with a burst of 10; lists and watches count as one request. */
  readonly clientQps: number;
  readonly clientBurst: number;
  readonly connectionTimeoutMs: number;
  readonly connectionKeepAliveMs: number;
  /** Period and timeout of GET /healthz; 0 = off. */
  readonly heartbeatTimeoutMs: number;
  readonly serviceProxyName: string;
  /** Where a pod finds its API server: what the environment says of it. */
  readonly environment: {
    readonly KUBERNETES_SERVICE_HOST?: string | undefined;
    readonly KUBERNETES_SERVICE_PORT?: string | undefined;
    readonly K8S_NODE_NAME?: string | undefined;
  };
}

export const CLUSTERMESH_OPTIONS = Symbol('ClustermeshOptions');
