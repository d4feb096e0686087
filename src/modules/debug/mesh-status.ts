import { stringify } from 'yaml';
import { formatGoDuration } from '../../common/go-duration.js';
import { evaluateJsonPath, JsonPathError } from './json-path.js';

/** One element of `GET /v1/cluster`; what is zero, false or empty is not there (spec/operations.md §8). */
export interface MeshCluster {
  readonly name?: string;
  readonly ready?: boolean;
  readonly connected?: boolean;
  readonly status?: string;
  readonly 'num-nodes'?: number;
  readonly 'num-endpoints'?: number;
  readonly 'num-identities'?: number;
  readonly 'num-shared-services'?: number;
  readonly 'num-failures'?: number;
  /** RFC3339; the year 1 is never. */
  readonly 'last-failure'?: string;
  readonly config?: {
    readonly required?: boolean;
    readonly retrieved?: boolean;
    readonly 'cluster-id'?: number;
    readonly kvstoremesh?: boolean;
    readonly 'sync-canaries'?: boolean;
  };
  readonly synced?: Readonly<Partial<Record<SyncedKind, boolean>>>;
}

const syncedKinds = ['nodes', 'endpoints', 'identities', 'services'] as const;
type SyncedKind = (typeof syncedKinds)[number];

const never = '0001-01-01T00:00:00.000Z';

/** The answer in another form than text; undefined when there is no such form. @throws JsonPathError. */
export function formattedStatus(output: string, clusters: readonly MeshCluster[]): string | undefined {
  if (output === 'json') return `${JSON.stringify(clusters, null, 2)}\n`;
  if (output === 'yaml') return stringify(clusters.map(yamlShape), { lineWidth: 0 });
  const path = /^jsonpath=(.*)$/s.exec(output)?.[1];
  if (path === undefined) return undefined;
  if (path === '') throw new JsonPathError('the path is empty');
  return `${evaluateJsonPath(path, clusters)}\n`;
}

/** For people. @param now ms since the epoch. */
export function statusText(clusters: readonly MeshCluster[], verbose: boolean, now: number): string {
  const ready = clusters.filter((cluster) => cluster.ready).length;
  const lines = clusters.flatMap((cluster) => [
    `   ${summary(cluster, now)}`,
    ...(verbose || !cluster.ready ? details(cluster).map((line) => `   └  ${line}`) : []),
  ]);
  return [`KVStoreMesh:\t${ready}/${clusters.length} remote clusters ready`, ...lines]
    .map((line) => `${line}\n`)
    .join('');
}

function summary(cluster: MeshCluster, now: number): string {
  const count = (what: 'nodes' | 'endpoints' | 'identities' | 'shared-services' | 'failures'): number =>
    cluster[`num-${what}`] ?? 0;
  return [
    `${cluster.name ?? ''}: ${cluster.ready ? 'ready' : 'not-ready'}`,
    `${count('nodes')} nodes`,
    `${count('endpoints')} endpoints`,
    `${count('identities')} identities`,
    `${count('shared-services')} services`,
    `${count('failures')} reconnections (last: ${sinceText(cluster['last-failure'] ?? never, now)})`,
  ].join(', ');
}

function sinceText(at: string, now: number): string {
  if (at.startsWith('0001-01-01T00:00:00')) return 'never';
  return `${formatGoDuration(Math.max(0, Math.trunc((now - Date.parse(at)) / 1000) * 1000))} ago`;
}

function details({ status = '', config, synced = {} }: MeshCluster): string[] {
  const kinds = syncedKinds.map((kind) => `${kind}=${synced[kind] ?? false}`);
  return [
    status,
    `remote configuration: ${configText(config)}`,
    `synchronization status: ${kinds.join(', ')}`,
  ];
}

function configText(config: MeshCluster['config']): string {
  if (!config) return 'expected=unknown, retrieved=unknown';
  const { required = false, retrieved = false, kvstoremesh = false } = config;
  const first = `expected=${required}, retrieved=${retrieved}`;
  if (!retrieved) return first;
  const canaries = config['sync-canaries'] ?? false;
  return `${first}, cluster-id=${config['cluster-id'] ?? 0}, kvstoremesh=${kvstoremesh}, sync-canaries=${canaries}`;
}

const zeroCluster = {
  connected: false,
  'last-failure': never,
  name: '',
  'num-endpoints': 0,
  'num-failures': 0,
  'num-identities': 0,
  'num-nodes': 0,
  'num-shared-services': 0,
  ready: false,
  status: '',
};
const zeroConfig = {
  'cluster-id': 0,
  kvstoremesh: false,
  required: false,
  retrieved: false,
  'sync-canaries': false,
};
const zeroSynced = { endpoints: false, identities: false, nodes: false, services: false };

/** The original's YAML has other names than its JSON, and shows everything. Scripts may read it, so it stays. */
function yamlShape({ config, synced, ...cluster }: MeshCluster): object {
  return {
    config: config ? filled(zeroConfig, config) : null,
    ...filled(zeroCluster, cluster),
    synced: synced ? filled(zeroSynced, synced) : null,
  };
}

function filled(zero: object, values: object): object {
  const given = new Map(Object.entries(values));
  return Object.fromEntries(
    Object.entries(zero).map(([name, none]) => [name.replaceAll('-', ''), given.get(name) ?? none]),
  );
}
