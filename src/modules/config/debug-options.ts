/** What `clustermesh-dbg troubleshoot` and `kvstoremesh-dbg troubleshoot` check. */
export interface TroubleshootOptions {
  /** etcd configuration file of the local etcd; absent: it is not checked. */
  readonly local?: string;
  /** Absent: only the local etcd is checked. */
  readonly remote?: {
    /** One etcd configuration file a cluster, named after it. */
    readonly directory: string;
    /** Only these clusters; empty = all. */
    readonly clusters: readonly string[];
  };
  /** For all checks of one cluster. */
  readonly timeoutMs: number;
  /** $CLUSTER_NAME, '' when it is not set. */
  readonly localClusterName: string;
}

/** `kvstoremesh-dbg status`. */
export interface KvstoreMeshStatusOptions {
  /** host:port of the KVStoreMesh API. */
  readonly host: string;
  /** '' (text), `json`, `yaml` or `jsonpath={...}`; anything else fails once there is something to show. */
  readonly output: string;
  readonly verbose: boolean;
}
