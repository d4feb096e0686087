import type { Bytes } from '../../common/bytes.js';
import type { ScopeSpec } from './scope.js';

/** What one application mirrors: the scopes in order of importance (a lost lease is recovered in this order). */
export interface MirrorTable {
  readonly scopes: readonly ScopeSpec[];
  /** Scope → canary key, for each scope that readiness waits for. */
  readonly canaries: ReadonlyMap<string, Bytes>;
}

export const MIRROR_TABLE = Symbol('MirrorTable');
