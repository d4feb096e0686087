import type { LeaderElectionOptions } from './leader-election-options.js';

/** What both servers, `clustermesh` and `kvstoremesh`, are told: typed, validated once and frozen; durations are ms. */
export interface ServerOptions {
  readonly clusterName: string;
  readonly clusterId: number;
  readonly maxConnectedClusters: number;
  readonly kvstore: KvstoreOptions;
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
