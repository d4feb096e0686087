import type { Bytes } from '../../common/bytes.js';
import { Fifo } from '../../common/fifo.js';
import type { KeyRecord } from './key-record.js';

/** Which keys of etcd a scope is about. */
export type ScopeTarget = { readonly prefix: Bytes } | { readonly key: Bytes };

/** One family of keys that is mirrored, ordered, counted and resynced together. */
export interface ScopeSpec {
  /** Unique: name in logs and in the admin API, e.g. `ip/v1`, or `east/ip/v1` for one of a remote cluster. */
  readonly name: string;
  readonly target: ScopeTarget;
  /** The remote cluster whose keys these are; absent: our own. */
  readonly cluster?: string;
  /** Label of the metrics, e.g. `ip/v1`; absent: the name. */
  readonly label?: string;
  /** Express keys (heartbeat, cluster config, canaries) never wait behind others, nor for the request budget. */
  readonly express?: boolean;
}

/**
 * waiting: the source has not been read yet; what etcd holds is left alone.
 * writing: the source's first list is complete, its keys are on their way.
 * synced:  every key of the first list has been acknowledged by etcd.
 */
export type ScopePhase = 'waiting' | 'writing' | 'synced';

/** A key of etcd that is none of ours: it lies under our prefix but hangs on no lease. Never touched. */
export type ForeignKeys = Set<Bytes>;

/** A range of etcd that is read and watched as one: a scope's own, or one that many scopes share. */
export interface Area {
  readonly name: string;
  readonly target: ScopeTarget;
  scopes(): Iterable<Scope>;
  /** Whose key it is; undefined: none of ours. */
  scopeOf(key: Bytes): Scope | undefined;
}

/** The mutable state of a scope. Owned by DesiredState; others read. */
export class Scope implements Area {
  readonly records = new Map<Bytes, KeyRecord>();
  /** What each source object wants: one record (the usual case, kept without an array) or several. */
  readonly owners = new Map<string, KeyRecord | KeyRecord[]>();
  readonly dirty = new Fifo<KeyRecord>();
  readonly foreign: ForeignKeys = new Set();
  phase: ScopePhase = 'waiting';
  phaseSince = 0;
  inFlight = 0;
  /** Keys whose present value etcd refuses for good (too large). */
  refused = 0;
  /** Keys of the first list that etcd has not acknowledged yet. */
  firstSyncPending = 0;

  constructor(readonly spec: ScopeSpec) {}

  get name(): string {
    return this.spec.name;
  }

  get label(): string {
    return this.spec.label ?? this.spec.name;
  }

  get target(): ScopeTarget {
    return this.spec.target;
  }

  get express(): boolean {
    return this.spec.express === true;
  }

  scopes(): readonly Scope[] {
    return [this];
  }

  scopeOf(): Scope {
    return this;
  }
}
