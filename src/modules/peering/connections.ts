import type { MeshCluster } from '../debug/mesh-status.js';
import { KubeError } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';
import type { ClusterHandle } from './access-information.js';
import type { ContainerObject } from './cluster-objects.js';

/** What one replica of KVStoreMesh says of one remote cluster. */
export interface PeerState {
  readonly ready: boolean;
  /** Empty when it is ready, or when it says nothing. */
  readonly why: string;
}

/** What one replica of KVStoreMesh says, by cluster. */
export type ReplicaView = ReadonlyMap<string, PeerState>;

export interface MeshView {
  /** `config`: no replica could be asked, nothing is known but what is configured. */
  readonly source: 'api' | 'metrics' | 'config';
  readonly replicas: readonly ReplicaView[];
}

interface PodList {
  readonly items?:
    | readonly {
        readonly metadata: { readonly name: string };
        readonly status?: { readonly phase?: string };
      }[]
    | null;
}

/**
 * Asks every replica of KVStoreMesh through the API server: its REST API, which answers only where it listens on more than its
 * own pod, else its metrics.
 */
export async function readMeshView(handle: ClusterHandle, kvstoremesh: ContainerObject): Promise<MeshView> {
  const { api, namespace } = handle;
  const query = { labelSelector: 'k8s-app=clustermesh-apiserver' };
  const list = await api.request<PodList>('GET', resourcePath(resources.pods, { namespace }), { query });
  const pods = (list.items ?? []).filter(
    ({ status }) => status?.phase === undefined || status.phase === 'Running',
  );
  const ask = async (port: number, path: string): Promise<unknown[]> =>
    Promise.all(pods.map(({ metadata }) => proxied(handle, `${metadata.name}:${port}`, path)));
  const fromApi = await ask(portOf(kvstoremesh, 'api-serve-addr', 9889), '/v1/cluster');
  if (isComplete(fromApi, Array.isArray))
    return { source: 'api', replicas: fromApi.map((body) => viewOfApi(body as MeshCluster[])) };
  const fromMetrics = await ask(portOf(kvstoremesh, 'prometheus-serve-addr', 9964), '/metrics');
  if (isComplete(fromMetrics, (body) => typeof body === 'string'))
    return { source: 'metrics', replicas: fromMetrics.map((body) => viewOfMetrics(body as string)) };
  return { source: 'config', replicas: [] };
}

function isComplete(bodies: readonly unknown[], good: (body: unknown) => boolean): boolean {
  return bodies.length > 0 && bodies.every(good);
}

/** undefined: it does not answer. */
async function proxied({ api, namespace }: ClusterHandle, pod: string, path: string): Promise<unknown> {
  try {
    const base = resourcePath(resources.pods, { namespace, name: pod, subresource: 'proxy' });
    return await api.request('GET', base + path, { timeoutMs: 5_000 });
  } catch (error) {
    if (error instanceof KubeError) return undefined;
    throw error;
  }
}

function portOf({ args = [] }: ContainerObject, flag: string, byDefault: number): number {
  const text = args.find((argument) => argument.startsWith(`--${flag}=`));
  return Number(/:(\d+)$/.exec(text ?? '')?.[1] ?? byDefault);
}

function viewOfApi(clusters: readonly MeshCluster[]): ReplicaView {
  return new Map(clusters.map((cluster) => [cluster.name ?? '', stateOf(cluster)]));
}

/** The reason that comes first (spec/operations.md §12.3). */
function stateOf(cluster: MeshCluster): PeerState {
  if (cluster.ready) return { ready: true, why: '' };
  if (!cluster.connected) return { ready: false, why: cluster.status || 'unknown status' };
  return { ready: false, why: configFault(cluster.config) ?? syncFault(cluster.synced) };
}

function configFault(config: MeshCluster['config']): string | undefined {
  if (!config) return 'remote cluster configuration retrieval status unknown';
  return config.required && !config.retrieved
    ? 'remote cluster configuration required but not found'
    : undefined;
}

function syncFault(synced: MeshCluster['synced']): string {
  if (!synced) return 'synchronization status unknown';
  const kinds = ['endpoints', 'identities', 'nodes', 'services'] as const;
  const missing = kinds.filter((kind) => !synced[kind]);
  return missing.length > 0 ? `synchronization in progress for ${missing.join(', ')}` : 'not ready';
}

/** Lines of `…remote_cluster_readiness_status{…target_cluster="beta"…} 1`. */
function viewOfMetrics(text: string): ReplicaView {
  const lines = text.matchAll(
    /^\w*remote_cluster_readiness_status\{[^}]*target_cluster="([^"]*)"[^}]*\} (\S+)$/gm,
  );
  return new Map(
    [...lines].map(([, name = '', value]) => {
      const ready = Number(value) === 1;
      return [name, { ready, why: ready ? '' : 'not ready' }];
    }),
  );
}
