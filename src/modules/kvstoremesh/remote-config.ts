import { type Bytes, textOf } from '../../common/bytes.js';

/** What a cluster says of itself in `cilium/cluster-config/<c>`. */
export interface RemoteConfig {
  /** 0: not said. */
  readonly id: number;
  readonly maxConnectedClusters: number;
  /** It writes a canary a type; without, all types are read at once. */
  readonly syncedCanaries: boolean;
  /** It is a cache itself, with its keys below `cilium/cache/`. */
  readonly cached: boolean;
}

const maxUint32 = 0xffff_ffff;

/**
 * Reads it as Go's JSON decoder does: names in any case, unknown ones ignored, null as if absent, `{}` good.
 * @throws Error that says what is wrong with it (spec/kvstoremesh.md §5).
 */
export function parseRemoteConfig(value: Bytes): RemoteConfig {
  const root = fieldsOf(JSON.parse(textOf(value)), 'the cluster configuration');
  const capabilities = fieldsOf(root.get('capabilities') ?? null, 'capabilities');
  return {
    id: uint32(root.get('id'), 'id'),
    maxConnectedClusters: uint32(capabilities.get('maxconnectedclusters'), 'maxConnectedClusters'),
    syncedCanaries: bool(capabilities.get('syncedcanaries'), 'syncedCanaries'),
    cached: bool(capabilities.get('cached'), 'cached'),
  };
}

/** By lower-case name; of names that differ in case only the last counts, and null changes nothing. */
function fieldsOf(value: unknown, what: string): Map<string, unknown> {
  if (value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`${what} is no JSON object`);
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return new Map(fields.map(([name, field]) => [name.toLowerCase(), field]));
}

function uint32(value: unknown, name: string): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxUint32) return value;
  throw new Error(`${name} is no 32-bit number: ${clipped(value)}`);
}

function bool(value: unknown, name: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new Error(`${name} is neither true nor false: ${clipped(value)}`);
}

/** It comes from another cluster and goes into logs and /status. */
function clipped(value: unknown): string {
  return JSON.stringify(value).slice(0, 80);
}

/** Something that agents hold against a cluster as a whole. */
export interface ConfigWarning {
  /** A label of the metrics: it stays as it is. */
  readonly reason: string;
  readonly text: string;
}

/** They refuse such a cluster or mix it up with another; we copy it and say so. */
export function configWarnings(
  config: RemoteConfig,
  own: { readonly clusterId: number; readonly maxConnectedClusters: number },
  others: readonly { readonly name: string; readonly id: number }[],
): ConfigWarning[] {
  const { id } = config;
  const refused = 'agents refuse this cluster';
  const shared = others.filter((other) => other.id === id && id !== 0);
  const claims: [boolean, string, string][] = [
    [id === 0, 'reserved_id', `cluster ID 0 is reserved: ${refused}`],
    [id !== 0 && id === own.clusterId, 'own_id', `cluster ID ${id} is our own: ${refused}`],
    [
      id > own.maxConnectedClusters,
      'high_id',
      `cluster ID ${id} is above ${own.maxConnectedClusters}: ${refused}`,
    ],
    [
      own.maxConnectedClusters === 511 && config.maxConnectedClusters !== 511,
      'max_connected_clusters',
      'it is limited to 255 connected clusters, we are not: ' + refused,
    ],
    [
      shared.length > 0,
      'duplicate_id',
      `cluster ID ${id} is also that of ${shared.map(({ name }) => name).join(', ')}: agents refuse all but one`,
    ],
  ];
  return claims.filter(([holds]) => holds).map(([, reason, text]) => ({ reason, text }));
}
