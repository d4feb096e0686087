import type { RemoteCluster } from './remote-cluster.js';

/** One remote cluster as `GET /v1/cluster` shows it. Names, order and what is left out are the original's (spec/kvstoremesh.md §10.2). */
export interface ClusterView {
  readonly config?: {
    readonly 'cluster-id'?: number;
    readonly kvstoremesh?: true;
    readonly required: true;
    readonly retrieved?: true;
    readonly 'sync-canaries'?: true;
  };
  readonly connected?: true;
  readonly 'last-failure': string;
  readonly name: string;
  readonly 'num-endpoints'?: number;
  readonly 'num-failures'?: number;
  readonly 'num-identities'?: number;
  readonly 'num-nodes'?: number;
  readonly 'num-shared-services'?: number;
  readonly ready?: true;
  readonly status: string;
  readonly synced: {
    readonly endpoints?: true;
    readonly identities?: true;
    readonly nodes?: true;
    readonly services?: true;
  };
}

const never = '0001-01-01T00:00:00.000Z';

export function clusterView(cluster: RemoteCluster): ClusterView {
  const type = (name: 'nodes' | 'services' | 'identities' | 'ip') => cluster.cache.types.get(name);
  const size = (name: Parameters<typeof type>[0]): number => type(name)?.size ?? 0;
  const synced = (name: Parameters<typeof type>[0]): boolean => type(name)?.synced ?? false;
  const { lastFailureAt, name, failures } = cluster;
  return withoutEmpty({
    config: configView(cluster),
    connected: cluster.remote !== undefined,
    'last-failure': lastFailureAt === 0 ? never : new Date(lastFailureAt).toISOString(),
    name,
    'num-endpoints': size('ip'),
    'num-failures': failures,
    'num-identities': size('identities'),
    'num-nodes': size('nodes'),
    'num-shared-services': size('services'),
    ready: cluster.ready,
    status: statusText(cluster),
    synced: withoutEmpty({
      endpoints: synced('ip'),
      identities: synced('identities'),
      nodes: synced('nodes'),
      services: synced('services'),
    }),
  }) as unknown as ClusterView;
}

function configView({ remote, config }: RemoteCluster): object | undefined {
  if (!remote) return undefined;
  return withoutEmpty({
    'cluster-id': config?.id,
    kvstoremesh: config?.cached,
    required: true,
    retrieved: config !== undefined,
    'sync-canaries': config?.syncedCanaries,
  });
}

/**
 * The original's words, which tools look at. Its lock lease is the sign that the remote answers; we take none, as 1.17 does,
 * and mean the same by it: we write nothing to a remote etcd, not even a lease, because nobody there reads it.
 */
function statusText({ remote }: RemoteCluster): string {
  if (!remote) return 'Waiting for initial connection to be established';
  const { endpoints, clusterId } = remote;
  return `etcd: ${endpoints}/${endpoints} connected, leases=0, lock leases=1, has-quorum=true: endpoint status checks are disabled, ID: ${clusterId}`;
}

/** As Go's `omitempty`: false, 0 and what is absent are left out. */
function withoutEmpty(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => Boolean(value)));
}
