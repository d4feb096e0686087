/** @import { StatusUpdate } from '../../events/status-feed.js' */
/** @import { StageStatus } from '../../../../common/stage.js' */
/** @import { ScopeStatus } from '../../../mirror/mirror-api.js' */

/**
 * @typedef {object} Snapshot
 * @property {number} at when the server looked, ms since the epoch by its clock
 * @property {StatusUpdate['head']} head
 * @property {readonly StageStatus[]} stages in the order of the data
 * @property {readonly ScopeStatus[]} scopes
 */

/** Puts the updates of the stream together again. */
export class Model {
  /** @type {Map<string, StageStatus>} */
  #stages = new Map();
  /** @type {Map<string, ScopeStatus>} */
  #scopes = new Map();

  /**
   * @param {StatusUpdate} update
   * @returns {Snapshot}
   */
  apply({ full, at, head, stages, scopes, goneStages, goneScopes }) {
    if (full) {
      this.#stages.clear();
      this.#scopes.clear();
    }
    for (const name of goneStages) this.#stages.delete(name);
    for (const name of goneScopes) this.#scopes.delete(name);
    for (const stage of stages) this.#stages.set(stage.name, stage);
    for (const scope of scopes) this.#scopes.set(scopeKey(scope), scope);
    return { at, head, stages: [...this.#stages.values()], scopes: [...this.#scopes.values()] };
  }
}

/** @param {ScopeStatus} scope */
function scopeKey({ scope, cluster }) {
  return cluster === undefined ? scope : `${cluster}/${scope}`;
}

const remote = 'remote/';

/** @param {StageStatus} stage */
export function isRemote({ name }) {
  return name.startsWith(remote);
}

/** @param {StageStatus} stage */
export function clusterName({ name }) {
  return name.slice(remote.length);
}

/** A failure comes a moment before the state that it leads to. */
const slackMs = 1000;

/**
 * What failed in the present state, or led to it; what failed before is over.
 * @param {StageStatus} stage
 */
export function failureOf({ lastError, since }) {
  return lastError && lastError.at >= since - slackMs ? lastError : undefined;
}

/**
 * Scopes of the same kind of all clusters as one row: there may be thousands.
 * @param {readonly ScopeStatus[]} scopes
 * @returns {readonly (ScopeStatus & { clusters: number, canaries: number, complete: number })[]}
 */
export function totals(scopes) {
  /** @type {Map<string, ScopeStatus & { clusters: number, canaries: number, complete: number }>} */
  const rows = new Map();
  for (const scope of scopes) {
    const row = rows.get(scope.scope);
    const canary = scope.canary === true ? 1 : 0;
    const complete = scope.synced ? 1 : 0;
    if (!row) {
      rows.set(scope.scope, { ...scope, clusters: 1, canaries: canary, complete });
      continue;
    }
    rows.set(scope.scope, {
      ...row,
      keys: row.keys + scope.keys,
      dirty: row.dirty + scope.dirty,
      inFlight: row.inFlight + scope.inFlight,
      refused: row.refused + scope.refused,
      synced: row.synced && scope.synced,
      complete: row.complete + complete,
      clusters: row.clusters + 1,
      canaries: row.canaries + canary,
    });
  }
  return [...rows.values()];
}

/**
 * @param {readonly ScopeStatus[]} scopes
 * @param {'keys' | 'dirty' | 'inFlight' | 'refused'} field
 */
export function sumOf(scopes, field) {
  return scopes.reduce((sum, scope) => sum + scope[field], 0);
}
