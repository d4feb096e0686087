import type { MeshLab } from './mesh-lab.js';
import type { VirtualMember } from './virtual-etcd/virtual-etcd.js';
import { watchKeys } from './watch-keys.js';

export interface MeshChurnOptions {
  readonly changes: number;
  readonly perSecond: number;
}

export interface MeshChurnResult {
  readonly arrived: number;
  readonly sentSeconds: number;
  /** From the last change to the arrival of the last key. */
  readonly lastMs: number;
  readonly latencies: readonly number[];
}

interface Deleted {
  readonly member: VirtualMember;
  readonly index: number;
}

const prefix = 'cilium/cache/';
/** An endpoint that is gone comes back after so many others. */
const graveyard = 100;

/**
 * Changes the remote clusters in turn at a fixed rate: of ten changes eight move an endpoint or a node, one deletes an endpoint
 * and one brings one back. Measures from the change in the remote etcd to the watch event of the local one.
 */
export async function meshChurn(lab: MeshLab, options: MeshChurnOptions): Promise<MeshChurnResult> {
  const { changes, perSecond } = options;
  const waiting = new Map<string, { value: string | undefined; at: number }>();
  const latencies: number[] = [];
  let lastArrival = 0;
  const stopWatching = await watchKeys(lab.etcd.endpoint, prefix, (entry, at, deleted) => {
    const key = entry.key.toString();
    const open = waiting.get(key);
    if (!open || open.value !== (deleted ? undefined : entry.value.toString())) return;
    waiting.delete(key);
    latencies.push(at - open.at);
    lastArrival = at;
  });
  const deleted: Deleted[] = [];
  const began = performance.now();
  for (let n = 0; n < changes; n++) {
    await until(began + (n * 1000) / perSecond);
    const { key, value } = nextChange(lab.members, deleted, n);
    waiting.set(key, { value, at: performance.now() });
  }
  const lastSent = performance.now();
  const deadline = lastSent + 60_000;
  while (waiting.size > 0 && performance.now() < deadline) await until(performance.now() + 10);
  await stopWatching();
  return {
    arrived: latencies.length,
    sentSeconds: (lastSent - began) / 1000,
    lastMs: Math.max(0, lastArrival - lastSent),
    latencies,
  };
}

/** @returns the local key, and its value after the change. */
function nextChange(
  members: readonly VirtualMember[],
  deleted: Deleted[],
  n: number,
): { key: string; value: string | undefined } {
  const kind = n % 10;
  const back = kind === 1 && deleted.length > graveyard ? deleted.shift() : undefined;
  const member = back?.member ?? members[n % members.length];
  if (!member) throw new Error('no clusters');
  const { cluster } = member;
  const name = kind === 2 ? 'nodes' : 'ip';
  const table = cluster.tables[name];
  if (!table) throw new Error(`no table ${name}`);
  // Round after round of the clusters another object, never one of those that were just deleted.
  const index = back?.index ?? Math.floor(n / members.length) % table.count;
  if (kind === 0) deleted.push({ member, index });
  const { key, value } = cluster.change(table, index, kind === 0 ? 'delete' : 'put');
  return { key: (table.cachePrefix ?? '') + key.slice(table.prefix.length), value };
}

function until(at: number): Promise<void> {
  const ms = at - performance.now();
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
