import type { StoredObject } from './stored-object.js';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change; of a deletion the last state, stamped with the revision of the deletion. */
  readonly object: StoredObject;
  /** Before the change. */
  readonly previous?: StoredObject;
}

/** All objects of one resource, and what happened to them of late. */
export class Collection {
  private readonly objects = new Map<string, StoredObject>();
  private readonly listeners = new Set<(change: Change) => void>();
  private history: Change[] = [];
  private forgotten = 0;
  private order: StoredObject[] | undefined;

  /** @param historyLimit how many changes can be watched from, or listed at, at least. */
  constructor(private readonly historyLimit: number) {}

  get size(): number {
    return this.objects.size;
  }

  /** The newest revision whose past is no longer known: reading at or from an older one is Expired. */
  get compactedRevision(): number {
    return this.forgotten;
  }

  get(key: string): StoredObject | undefined {
    return this.objects.get(key);
  }

  /** In key order. The array must not be changed and is a snapshot: later changes do not show in it. */
  list(): readonly StoredObject[] {
    this.order ??= [...this.objects.values()].sort(byKey);
    return this.order;
  }

  /** What list() gave at that revision, or undefined if it is compacted. */
  listAt(revision: number): readonly StoredObject[] | undefined {
    if (revision < this.forgotten) return undefined;
    const later = this.since(revision) ?? [];
    if (later.length === 0) return this.list();
    const past = new Map(this.objects);
    for (const { object, previous } of [...later].reverse()) {
      if (previous) past.set(object.key, previous);
      else past.delete(object.key);
    }
    return [...past.values()].sort(byKey);
  }

  /** The changes after that revision, oldest first, or undefined if some of them are forgotten. */
  since(revision: number): readonly Change[] | undefined {
    if (revision < this.forgotten) return undefined;
    let low = 0;
    let high = this.history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.history[middle]?.object.revision ?? 0) > revision) high = middle;
      else low = middle + 1;
    }
    return this.history.slice(low);
  }

  apply(change: Change): void {
    const { type, object } = change;
    if (type === 'DELETED') this.objects.delete(object.key);
    else this.objects.set(object.key, object);
    this.order = undefined;
    this.history.push(change);
    // Half of it at once: taking single elements off the front of an array costs its whole length each time.
    if (this.history.length > 2 * this.historyLimit) this.forgetOldest(this.historyLimit);
    for (const listener of this.listeners) listener(change);
  }

  /** Forgets all changes up to that revision. */
  compact(revision: number): void {
    this.history = [...(this.since(revision) ?? this.history)];
    this.forgotten = Math.max(this.forgotten, revision);
  }

  /** Calls back with every later change, synchronously, in order. Returns the end of it. */
  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private forgetOldest(count: number): void {
    const gone = this.history.splice(0, count);
    this.forgotten = Math.max(this.forgotten, gone.at(-1)?.object.revision ?? 0);
  }
}

function byKey(left: StoredObject, right: StoredObject): number {
  if (left.key === right.key) return 0;
  return left.key < right.key ? -1 : 1;
}
