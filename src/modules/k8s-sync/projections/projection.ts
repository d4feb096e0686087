import type { LogFields } from '../../../common/log.js';
import type { Entry } from '../../mirror/entry.js';

/** Bad input that a projection met: what was skipped, and enough to find it. */
export interface Complaint {
  readonly message: string;
  readonly fields: LogFields;
}

/** The complete set of keys that an object wants; empty = none. */
export interface ProjectedEntries {
  readonly kind: 'entries';
  readonly entries: readonly Entry[];
  readonly complaints: readonly Complaint[];
}

/** This version of the object is to be ignored: whatever it wanted before stays. */
export interface ProjectedKeep {
  readonly kind: 'keep';
  readonly complaints: readonly Complaint[];
}

export type Projected = ProjectedEntries | ProjectedKeep;

/** What of the local cluster goes into keys and values. */
export interface ClusterContext {
  readonly clusterName: string;
  readonly clusterId: number;
}

export const noComplaints: readonly Complaint[] = [];

export const nothingWanted: ProjectedEntries = { kind: 'entries', entries: [], complaints: noComplaints };
