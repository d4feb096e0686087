import type { ClustermeshOptions } from './clustermesh-options.js';

/** What every command has that keeps an etcd and serves HTTP. */
export type ServerOptions = Pick<
  ClustermeshOptions,
  | 'clusterName'
  | 'clusterId'
  | 'maxConnectedClusters'
  | 'kvstore'
  | 'leaderElection'
  | 'healthPort'
  | 'prometheusServeAddr'
  | 'controllerGroupMetrics'
  | 'adminServeAddr'
  | 'debug'
  | 'logFormat'
>;

/** Everything that `kvstoremesh` is told, as ClustermeshOptions. */
export interface KvstoremeshOptions extends ServerOptions {
  /** The directory with one etcd configuration a remote cluster. */
  readonly clustermeshConfig: string;
  /** host:port of `GET /v1/cluster`. */
  readonly apiServeAddr: string;
  readonly perClusterReadyTimeoutMs: number;
  readonly globalReadyTimeoutMs: number;
  readonly disableDrainOnDisconnection: boolean;
  /** 0: never. */
  readonly cacheTtlMs: number;
}
