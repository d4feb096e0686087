import type { DiffReport, DiffRequest } from './diff.js';
import type { RepairTally } from './drift.js';
import type { ResyncReport } from './resync.js';

/** One family of mirrored keys, as /status shows it. */
export interface ScopeStatus {
  /** `ip/v1`. */
  readonly scope: string;
  /** The remote cluster whose keys they are; absent: our own. */
  readonly cluster?: string;
  /** Keys that are wanted in etcd. */
  readonly keys: number;
  /** Keys whose stored value is not known to be the wanted one and that wait to be written. */
  readonly dirty: number;
  /** Keys in transactions that etcd has not answered yet. */
  readonly inFlight: number;
  /** Keys whose present value etcd refuses for good. */
  readonly refused: number;
  /** Whether every key of the first list has been acknowledged. */
  readonly synced: boolean;
  /** Whether etcd is known to hold the scope's canary now; absent for a scope that has none. */
  readonly canary?: boolean;
}

/** What the mirror shows of itself. */
export interface MirrorStatus {
  /** The scopes that can be resynced, always the same ones in the same order. */
  scopes(): readonly ScopeStatus[];
  /** Anything worth showing of the leases, flat; absent when there are none. */
  leases?(): Readonly<Record<string, number>>;
  /** What drift has put right since the start. */
  repairs(): readonly RepairTally[];
  /** One of the keys whose present value etcd refuses; walks the keys of the scope. */
  refusedKey(scope: Pick<ScopeStatus, 'scope' | 'cluster'>): string | undefined;
}

export const MIRROR_STATUS = Symbol('MirrorStatus');

export interface ResyncRequest {
  /** Names that MirrorStatus.scopes() has; absent = all. */
  readonly scopes?: readonly string[];
  /** Compare and report, change nothing. */
  readonly dryRun: boolean;
}

/** Makes etcd equal to Kubernetes anew. */
export interface MirrorResync {
  /** Rejects when an outage keeps it from its end, or when the signal aborts. */
  resync(request: ResyncRequest, signal: AbortSignal): Promise<ResyncReport>;
}

export const MIRROR_RESYNC = Symbol('MirrorResync');

/** Compares etcd with what is wanted. */
export interface MirrorDiff {
  /** Rejects with EtcdFault when an outage keeps it from its end, or when the signal aborts. */
  diff(request: DiffRequest, signal: AbortSignal): Promise<DiffReport>;
}

export const MIRROR_DIFF = Symbol('MirrorDiff');
