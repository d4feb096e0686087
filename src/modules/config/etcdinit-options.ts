/** Everything that `etcdinit` is told, typed, validated once and frozen. */
export interface EtcdInitOptions {
  readonly etcdBinary: string;
  readonly dataDir: string;
  /** Seeds the etcd cluster ID: every instance should have a token of its own. */
  readonly initialClusterToken: string;
  /** Name of the etcd member. */
  readonly etcdClusterName: string;
  readonly clusterName: string;
  readonly timeoutMs: number;
  /** Empty the data directory whatever it holds. */
  readonly force: boolean;
}
