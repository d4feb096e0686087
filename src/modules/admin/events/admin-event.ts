/**
 * started:  the program began.
 * ready:    the first synchronization is complete.
 * stage:    a stage of the pipeline changed its state, or a remote cluster came or went.
 * sync:     the first list of a scope is stored, or its canary is.
 * lease:    leases ended before their time; or all that hung on them is written again.
 * drift:    keys that somebody else altered were put right.
 * refused:  etcd refuses keys for good, or no longer does.
 * leader:   this replica began or ceased to lead, or another one leads.
 * resync:   a resync was queued, began, ended.
 */
export type AdminEventKind =
  'started' | 'ready' | 'stage' | 'sync' | 'lease' | 'drift' | 'refused' | 'leader' | 'resync';

/** info: as it should be. warning: something is broken, or somebody interferes. */
export type AdminEventLevel = 'info' | 'warning';

/** What happened, before it has its place in the ring. */
export interface EventDraft {
  readonly kind: AdminEventKind;
  readonly level: AdminEventLevel;
  /** What it is about: a stage (`etcd/connection`), a scope (`ip/v1`), a job; '' is the program itself. */
  readonly subject: string;
  /** In plain words, without the count. */
  readonly text: string;
  /** Why; texts of etcd, Kubernetes or a remote cluster, not to be trusted. At most 500 characters. */
  readonly error?: string;
  /** When it happened first, ms since the epoch. */
  readonly at: number;
  /** How many happenings it stands for: keys, leases, clusters, or returns of a stage to the same state. */
  readonly count: number;
  /** Events of one topic may become one. */
  readonly topic: string;
}

/** As `GET /events` gives it. */
export interface AdminEvent extends Omit<EventDraft, 'topic'> {
  /** `<start of the process>.<number>`; unique, growing within one life of the process. */
  readonly id: string;
}

const longestError = 500;

export function shortened(error: string): string {
  return error.length <= longestError ? error : `${error.slice(0, longestError - 1)}…`;
}
