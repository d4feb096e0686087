import type { Bytes } from '../../common/bytes.js';
import { Fifo } from '../../common/fifo.js';
import type { KeyRecord } from './key-record.js';

/** Which keys of etcd a scope is about. */
export type ScopeTarget = { readonly prefix: Bytes } | { readonly key: Bytes };

/** One family of keys that is mirrored, ordered, counted and resynced together. */
export interface ScopeSpec {
  /** Label of the metrics and name in the admin API, e.g. `ip/v1`. */
  readonly name: string;
  readonly target: ScopeTarget;
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

/** The mutable state of a scope. Owned by DesiredState; others read. */
export class Scope {
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

  get express(): boolean {
    return this.spec.express === true;
  }

  covers(key: Bytes): boolean {
    const target = this.spec.target;
    return 'key' in target ? key === target.key : key.startsWith(target.prefix);
  }
}
