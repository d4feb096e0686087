import { type KeyTable, tablesOf, type VirtualShape } from './virtual-objects.js';

export interface VirtualEntry {
  readonly key: string;
  /** undefined: deleted. */
  readonly value: string | undefined;
  readonly revision: number;
}

/** What a key of a table has become. */
interface Changed {
  readonly generation: number;
  readonly revision: number;
  readonly deleted: boolean;
}

export interface RangeQuery {
  readonly from: string;
  /** '': only the key `from`. */
  readonly to: string;
  /** 0: no limit. */
  readonly limit: number;
}

/** The revision at which everything was there. */
const firstRevision = 1000;

/**
 * The content of one virtual etcd: nothing is stored but what has changed, everything else is made from its number when it is
 * asked for. Lists always show the present; the changes since an older revision follow through the watch, in order.
 */
export class VirtualCluster {
  readonly tables: Readonly<Record<string, KeyTable>>;
  private readonly changed = new Map<KeyTable, Map<number, Changed>>();
  private readonly history: VirtualEntry[] = [];
  private readonly watchers = new Set<(entry: VirtualEntry) => void>();
  private at = firstRevision;
  private missing = 0;

  constructor(
    readonly name: string,
    readonly id: number,
    shape: VirtualShape,
  ) {
    this.tables = tablesOf(name, id, shape);
  }

  get revision(): number {
    return this.at;
  }

  /** Keys that kvstoremesh is to copy. */
  get copied(): number {
    const all = Object.values(this.tables).filter(({ cachePrefix }) => cachePrefix !== undefined);
    return all.reduce((sum, { count }) => sum + count, 0) - this.missing;
  }

  /** Key and value below `cilium/cache/` of everything that kvstoremesh is to copy. */
  *copies(): Generator<[key: string, value: string]> {
    for (const table of Object.values(this.tables)) {
      for (let i = 0; table.cachePrefix !== undefined && i < table.count; i++) {
        const { key, value } = this.entry(table, i);
        if (value !== undefined) yield [table.cachePrefix + key.slice(table.prefix.length), value];
      }
    }
  }

  change(table: KeyTable, index: number, action: 'put' | 'delete'): VirtualEntry {
    const changes = this.changed.get(table) ?? new Map<number, Changed>();
    this.changed.set(table, changes);
    const before = changes.get(index);
    const deleted = action === 'delete';
    this.missing += Number(deleted) - Number(before?.deleted ?? false);
    changes.set(index, { generation: (before?.generation ?? 0) + 1, revision: ++this.at, deleted });
    const entry = this.entry(table, index);
    this.history.push(entry);
    for (const watcher of this.watchers) watcher(entry);
    return entry;
  }

  /** In key order. @returns the entries, and whether there are more. */
  range({ from, to, limit }: RangeQuery): { entries: VirtualEntry[]; more: boolean } {
    const entries: VirtualEntry[] = [];
    const inRange = (key: string): boolean => (to === '' ? key === from : key >= from && key < to);
    for (const table of Object.values(this.tables)) {
      for (let i = firstNotBelow(table, from); i < table.count && inRange(table.key(i)); i++) {
        const entry = this.entry(table, i);
        if (entry.value === undefined) continue;
        if (limit > 0 && entries.length === limit) return { entries, more: true };
        entries.push(entry);
      }
    }
    return { entries, more: false };
  }

  /** Tells every change from a revision on. @returns the end of it. */
  watch(from: number, watcher: (entry: VirtualEntry) => void): () => void {
    for (const entry of this.history) if (from > 0 && entry.revision >= from) watcher(entry);
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  private entry(table: KeyTable, index: number): VirtualEntry {
    const { generation, revision, deleted } = this.changed.get(table)?.get(index) ?? {
      generation: 0,
      revision: firstRevision,
      deleted: false,
    };
    return {
      key: table.key(index),
      value: deleted ? undefined : table.value(index, generation),
      revision,
    };
  }
}

function firstNotBelow(table: KeyTable, key: string): number {
  let [low, high] = [0, table.count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table.key(middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
