import type { Bytes } from '../../common/bytes.js';
import type { DesiredState } from './desired-state.js';
import type { Area, ScopeSpec } from './scope.js';

/** What one application mirrors: the scopes in order of importance (a lost lease is recovered in this order). */
export interface MirrorTable {
  readonly scopes: readonly ScopeSpec[];
  /** Scope → canary key, for each scope that readiness waits for. */
  readonly canaries: ReadonlyMap<string, Bytes>;
  /** Whether events of our watch of the local etcd are counted as received; kvstoremesh counts those of remote etcds. */
  readonly countsOwnEvents: boolean;
  /**
   * Set when scopes come and go at run time: the areas that they share, each read and watched once however many scopes it
   * has. Who adds the scopes then says when the program is ready, too (MirrorService.becomeReady).
   */
  readonly areas?: (desired: DesiredState) => readonly Area[];
}

export const MIRROR_TABLE = Symbol('MirrorTable');
