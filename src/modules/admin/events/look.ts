import type { StageStatus } from '../../../common/stage.js';
import type { RepairTally } from '../../mirror/drift.js';
import type { ScopeStatus } from '../../mirror/mirror-api.js';

/** What the program says of itself at one moment. Events are the differences between two looks. */
export interface Look {
  /** ms since the epoch. */
  readonly at: number;
  readonly ready: boolean;
  readonly stages: readonly StageStatus[];
  readonly scopes: readonly ScopeStatus[];
  readonly repairs: readonly RepairTally[];
}

/** Unique within one look. */
export function scopeId({ scope, cluster }: Pick<ScopeStatus, 'scope' | 'cluster'>): string {
  return cluster === undefined ? scope : `${cluster}/${scope}`;
}
