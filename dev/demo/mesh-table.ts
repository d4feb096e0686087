import { meshService } from './mesh-objects.js';
import type { RemoteView } from './mesh-stack.js';

export interface MeshTableInput {
  /** Of all clusters; the first is the one whose etcd it is. */
  readonly names: readonly string[];
  readonly remotes: readonly RemoteView[];
  /** Keys of that etcd, without their `cilium/`. */
  readonly keys: readonly string[];
  /** Of the service's last change, ms, by cluster. */
  readonly latencies: ReadonlyMap<string, number>;
}

const titles = ['CLUSTER', 'STATE', 'NODES', 'ENDPOINTS', 'IDENTITIES', 'SERVICES', meshService, 'AFTER'];

/** What the first cluster knows of each: the others' counts are kvstoremesh's own, its own are counted in etcd. */
export function meshTable({ names, remotes, keys, latencies }: MeshTableInput): string {
  const rows = names.map((name, i) => {
    const folder = i === 0 ? 'state' : 'cache';
    const known = i === 0 ? ownCells(keys) : remoteCells(remotes.find((remote) => remote.name === name));
    const present = keys.includes(`${folder}/services/v1/${name}/${meshService}`);
    const ms = latencies.get(name);
    return [name, ...known, present ? 'yes' : 'no', ms === undefined ? '-' : `${String(ms)} ms`];
  });
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [titles, ...rows]
    .map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '))
    .join('\n');
}

function ownCells(keys: readonly string[]): string[] {
  const count = (type: string): string =>
    String(keys.filter((key) => key.startsWith(`state/${type}/v1/`)).length);
  return ['its own', count('nodes'), count('ip'), count('identities'), count('services')];
}

function remoteCells(remote: RemoteView | undefined): string[] {
  const count = (name: 'nodes' | 'endpoints' | 'identities' | 'shared-services'): string =>
    String(remote?.[`num-${name}`] ?? 0);
  const state = [remote?.connected ? 'connected' : 'not connected', remote?.ready ? 'ready' : 'not ready'];
  return [
    state.join(', '),
    count('nodes'),
    count('endpoints'),
    count('identities'),
    count('shared-services'),
  ];
}
