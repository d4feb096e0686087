import type { Bytes } from '../../src/common/bytes.js';
import {
  EtcdFault,
  type Kv,
  type KvEntry,
  type KvEvent,
  type KvOp,
  type KvPage,
  type KvWatcher,
  type LeaseId,
  type LeasePool,
} from '../../src/modules/etcd/kv.js';

/** What can go wrong with the next transaction. `lost-answer`: applied, but the caller only sees a timeout. */
export type TxnFault = 'unavailable' | 'lost-answer' | 'no-space' | 'other';

/** An etcd in memory, behind the same interfaces as the real one: for faults and interleavings that a real one cannot show. */
export class FakeEtcd implements Kv, KvWatcher {
  readonly store = new Map<Bytes, KvEntry>();
  readonly liveLeases = new Set<LeaseId>();
  revision = 1;
  /** Every applied operation, in order. */
  readonly applied: KvOp[] = [];
  transactions = 0;
  maxTxnOps = 128;
  maxValueBytes = 1_500_000;
  /** Faults of the coming transactions, first in first out; undefined = none. */
  readonly faults: (TxnFault | undefined)[] = [];
  /** Called before each transaction is applied; lets a test hold it. */
  beforeTxn: (ops: readonly KvOp[]) => Promise<void> = () => Promise.resolve();
  private readonly history: { revision: number; events: KvEvent[] }[] = [];
  private readonly watches = new Set<{
    matches: (key: Bytes) => boolean;
    deliver: (events: KvEvent[], revision: number) => void;
  }>();

  get(key: Bytes): Promise<KvEntry | undefined> {
    return Promise.resolve(this.store.get(key));
  }

  async *range(prefix: Bytes, options: { pageSize?: number } = {}): AsyncGenerator<KvPage> {
    const revision = this.revision;
    const all = [...this.store.values()]
      .filter((entry) => entry.key.startsWith(prefix))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const size = options.pageSize ?? 1000;
    for (let at = 0; at === 0 || at < all.length; at += size) {
      await Promise.resolve();
      yield { entries: all.slice(at, at + size), revision };
    }
  }

  async txn(ops: readonly KvOp[]): Promise<{ revision: number }> {
    this.transactions++;
    await this.beforeTxn(ops);
    const fault = this.faults.shift();
    if (fault && fault !== 'lost-answer') throw new EtcdFault(`injected: ${fault}`, fault);
    this.refuse(ops);
    this.apply(ops);
    if (fault === 'lost-answer') throw new EtcdFault('injected: no answer', 'timeout');
    return { revision: this.revision };
  }

  /** As a stranger would: without lease unless given. */
  put(key: Bytes, value: Bytes, lease: LeaseId = '0'): void {
    this.apply([{ type: 'put', key, value, lease }]);
  }

  delete(key: Bytes): void {
    if (this.store.has(key)) this.apply([{ type: 'delete', key }]);
  }

  /** The lease ends: its keys vanish at once. */
  revoke(lease: LeaseId): void {
    this.liveLeases.delete(lease);
    const keys = [...this.store.values()].filter((entry) => entry.lease === lease).map((entry) => entry.key);
    if (keys.length > 0) this.apply(keys.map((key) => ({ type: 'delete', key })));
  }

  watch(
    target: { prefix: Bytes } | { key: Bytes },
    startRevision: number,
    handler: Parameters<KvWatcher['watch']>[2],
    signal: AbortSignal,
  ): Promise<void> {
    const matches = (key: Bytes): boolean =>
      'key' in target ? key === target.key : key.startsWith(target.prefix);
    const watch = {
      matches,
      deliver: (events: KvEvent[], revision: number): void => {
        if (revision >= startRevision) handler.onEvents(events, revision);
      },
    };
    if (signal.aborted) return Promise.resolve();
    this.watches.add(watch);
    handler.onConnected?.();
    for (const { revision, events } of this.history) {
      const mine = events.filter((event) => matches(event.type === 'put' ? event.entry.key : event.key));
      if (mine.length > 0) setImmediate(() => watch.deliver(mine, revision));
    }
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        this.watches.delete(watch);
        resolve();
      });
    });
  }

  /** key → value, for comparing. */
  contents(): Record<Bytes, Bytes> {
    return Object.fromEntries([...this.store.values()].map((entry) => [entry.key, entry.value]));
  }

  private refuse(ops: readonly KvOp[]): void {
    if (ops.length > this.maxTxnOps) throw new EtcdFault('too many operations', 'too-many-operations');
    if (new Set(ops.map((op) => op.key)).size !== ops.length)
      throw new EtcdFault('duplicate key', 'duplicate-key');
    for (const op of ops) {
      if (op.type !== 'put') continue;
      if (op.value.length > this.maxValueBytes) throw new EtcdFault('too large', 'too-large');
      if (op.lease !== undefined && op.lease !== '0' && !this.liveLeases.has(op.lease)) {
        throw new EtcdFault('requested lease not found', 'lease-not-found');
      }
    }
  }

  private apply(ops: readonly KvOp[]): void {
    const revision = ++this.revision;
    const events: KvEvent[] = [];
    for (const op of ops) {
      this.applied.push(op);
      if (op.type === 'delete') {
        if (this.store.delete(op.key)) events.push({ type: 'delete', key: op.key, modRevision: revision });
        continue;
      }
      const entry = { key: op.key, value: op.value, lease: op.lease ?? '0', modRevision: revision };
      events.push({ type: 'put', entry, created: !this.store.has(op.key) });
      this.store.set(op.key, entry);
    }
    this.history.push({ revision, events });
    for (const watch of this.watches) {
      const mine = events.filter((event) =>
        watch.matches(event.type === 'put' ? event.entry.key : event.key),
      );
      // Events arrive after the answer of the transaction, as a task of their own.
      if (mine.length > 0) setImmediate(() => watch.deliver(mine, revision));
    }
  }
}

/** Leases of a FakeEtcd, without time: a lease dies when the test says so. */
export class FakeLeases implements LeasePool {
  private readonly counts = new Map<LeaseId, number>();
  private readonly listeners: ((lease: LeaseId) => void)[] = [];
  private next = 1;

  constructor(
    private readonly etcd: FakeEtcd,
    private readonly capacity = 1000,
  ) {}

  take(): LeaseId | undefined {
    for (const [lease, count] of this.counts) {
      if (count >= this.capacity) continue;
      this.counts.set(lease, count + 1);
      return lease;
    }
    return undefined;
  }

  grow(): Promise<void> {
    const lease = `${++this.next}${this.etcd.revision}`;
    this.etcd.liveLeases.add(lease);
    this.counts.set(lease, 0);
    return Promise.resolve();
  }

  bind(lease: LeaseId): void {
    const count = this.counts.get(lease);
    if (count !== undefined) this.counts.set(lease, count + 1);
  }

  release(lease: LeaseId): void {
    const count = this.counts.get(lease);
    if (count !== undefined) this.counts.set(lease, count - 1);
  }

  adopt(leases: Iterable<LeaseId>): Promise<ReadonlySet<LeaseId>> {
    const adopted = new Set([...leases].filter((lease) => this.etcd.liveLeases.has(lease)));
    for (const lease of adopted) if (!this.counts.has(lease)) this.counts.set(lease, 0);
    return Promise.resolve(adopted);
  }

  check(leases: Iterable<LeaseId>): Promise<ReadonlySet<LeaseId>> {
    const dead = new Set([...leases].filter((lease) => lease !== '0' && !this.etcd.liveLeases.has(lease)));
    for (const lease of dead) {
      if (this.counts.delete(lease)) for (const listener of this.listeners) listener(lease);
    }
    return Promise.resolve(dead);
  }

  isLive(lease: LeaseId): boolean {
    return this.counts.has(lease);
  }

  onLost(listener: (lease: LeaseId) => void): void {
    this.listeners.push(listener);
  }

  run(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  }

  /** Keys counted a lease. */
  get usage(): ReadonlyMap<LeaseId, number> {
    return this.counts;
  }
}
