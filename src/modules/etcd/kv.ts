import type { Bytes } from '../../common/bytes.js';

/** int64 as a decimal string; '0' is no lease. */
export type LeaseId = string;

/** A key as etcd holds it. Revisions are safe as numbers (etcd would need 285 years at 1,000,000 writes/s to pass 2^53). */
export interface KvEntry {
  readonly key: Bytes;
  readonly value: Bytes;
  readonly lease: LeaseId;
  readonly modRevision: number;
}

export type KvOp =
  | { readonly type: 'put'; readonly key: Bytes; readonly value: Bytes; readonly lease?: LeaseId }
  | { readonly type: 'delete'; readonly key: Bytes };

export interface KvPage {
  readonly entries: readonly KvEntry[];
  /** The store's revision that the whole range is read at (pinned by the first page). */
  readonly revision: number;
}

/**
 * The etcd that we write, as far as the mirror needs it. Implemented by EtcdKv on etcd3's raw stubs; injected by the token KV.
 * Every call has a deadline and rejects with EtcdFault; none retries by itself.
 */
export interface Kv {
  get(key: Bytes, options?: KvCallOptions): Promise<KvEntry | undefined>;
  /** Everything under a prefix in key order, page by page (default 1,000 keys), all pages at one revision. */
  range(prefix: Bytes, options?: KvCallOptions & { pageSize?: number }): AsyncIterable<KvPage>;
  /** All operations in one transaction, or none. Keys must differ. Returns the revision of the write. */
  txn(ops: readonly KvOp[], options?: KvCallOptions): Promise<{ revision: number }>;
}

export interface KvCallOptions {
  readonly signal?: AbortSignal;
  /** ms; default 10,000. */
  readonly deadlineMs?: number;
}

export const KV = Symbol('Kv');

export type KvEvent =
  | { readonly type: 'put'; readonly entry: KvEntry; readonly created: boolean }
  | { readonly type: 'delete'; readonly key: Bytes; readonly modRevision: number };

/** One prefix watch. Handlers are synchronous; batches come in revision order, each delivered exactly once. */
export interface KvWatchHandler {
  /** Events of one etcd response. `revision` is the header's revision. */
  onEvents(events: readonly KvEvent[], revision: number): void;
  /** The watch is established (again) and complete from its resume revision on. */
  onConnected?(): void;
  onDisconnected?(cause: Error): void;
  /**
   * Revisions up to `compactRevision` are gone, so events may be missing: read the range again. Watching then goes on from
   * the revision that the promise resolves to + 1 (the revision that the range was read at).
   */
  onCompacted(compactRevision: number): Promise<number>;
}

export interface KvWatcher {
  /**
   * Watches until the signal aborts; resumes after drops from the last *delivered* revision, with jittered back-off.
   * Resolves on abort, never rejects but for a bug.
   */
  watch(
    target: { readonly prefix: Bytes } | { readonly key: Bytes },
    startRevision: number,
    handler: KvWatchHandler,
    signal: AbortSignal,
  ): Promise<void>;
}

export const KV_WATCHER = Symbol('KvWatcher');

/**
 * Leases that hold our keys: TTL 15 min by default, at most 1,000 keys each (Cilium's limit), kept alive at TTL/3, never revoked by us.
 * A lease is lost when etcd says so or when it could not be renewed for its TTL.
 */
export interface LeasePool {
  /** A live lease with room for one more key, which is then counted; undefined when there is none: await grow() and take again. */
  take(): LeaseId | undefined;
  /** Grants one more lease (concurrent calls share one grant). Rejects with EtcdFault. */
  grow(): Promise<void>;
  /** A key came to hang on this lease otherwise than by take(), be it full. Unknown or lost leases are ignored. */
  bind(lease: LeaseId): void;
  /** A key left this lease (deleted, or moved to another). Unknown or lost leases are ignored. */
  release(lease: LeaseId): void;
  /** Takes over leases of a previous run: those alive with our TTL are kept alive from now on, and returned. */
  adopt(leases: Iterable<LeaseId>): Promise<ReadonlySet<LeaseId>>;
  /** Asks etcd which of these are dead; marks those lost (so onLost fires) and returns them. */
  check(leases: Iterable<LeaseId>): Promise<ReadonlySet<LeaseId>>;
  isLive(lease: LeaseId): boolean;
  /** Called once a lost lease, synchronously when it is noticed. */
  onLost(listener: (lease: LeaseId) => void): void;
  /** Keep-alive loop; resolves on abort. */
  run(signal: AbortSignal): Promise<void>;
}

export const LEASE_POOL = Symbol('LeasePool');

export type EtcdFaultKind =
  | 'unavailable' // no connection, leader lost, or etcd is overloaded
  | 'timeout'
  | 'lease-not-found'
  | 'too-many-operations'
  | 'too-large' // request over etcd's --max-request-bytes or gRPC's limit
  | 'no-space' // database over its quota
  | 'unauthenticated' // bad certificate, bad password, expired token
  | 'permission-denied'
  | 'compacted'
  | 'duplicate-key'
  | 'aborted' // the caller's signal
  | 'other';

/** Every failure of an etcd call. `kind` is what callers decide by. */
export class EtcdFault extends Error {
  constructor(
    message: string,
    readonly kind: EtcdFaultKind,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EtcdFault';
  }

  /** Trying the very same call later can succeed. */
  get retryable(): boolean {
    return !['too-many-operations', 'too-large', 'duplicate-key', 'compacted', 'aborted'].includes(this.kind);
  }
}
