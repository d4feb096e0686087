import type { ServerOptions } from './server-options.js';

/** Everything that `kvstoremesh` is told. */
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
