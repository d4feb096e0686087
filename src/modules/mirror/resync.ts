import { textOf } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { DesiredState } from './desired-state.js';
import type { Scope } from './scope.js';
import type { Deviation, StoredState } from './stored-state.js';

export interface ResyncScopeReport {
  readonly scope: string;
  /** Objects that the fresh list of Kubernetes held; 0 in a dry run, which lists nothing. */
  readonly listed: number;
  readonly keys: number;
  readonly counts: Readonly<Record<Deviation, number>>;
  /** The first 100 keys of each deviation. */
  readonly missing: readonly string[];
  readonly different: readonly string[];
  readonly leftOver: readonly string[];
  /** Keys under our prefix that hang on no lease: somebody else's, reported and left alone. */
  readonly foreign: readonly string[];
  /** Keys that were deviant and are right now. */
  readonly repaired: number;
}

export interface ResyncReport {
  readonly dryRun: boolean;
  readonly durationMs: number;
  readonly scopes: readonly ResyncScopeReport[];
}

export interface ResyncOptions {
  readonly desired: DesiredState;
  readonly stored: StoredState;
  readonly clock: Clock;
  /** Lists the scope's source afresh; resolves when the differences have been applied to the desired state. */
  readonly relist: (scope: string, signal: AbortSignal) => Promise<number>;
}

const shown = 100;
const pollMs = 20;

/**
 * Lists Kubernetes again (out of the API server's cache, nothing older than what was seen), compares with what etcd really holds,
 * and lets the writer repair: nothing special is done in an emergency. A dry run compares etcd with the present desired state and touches nothing.
 */
export class Resync {
  constructor(private readonly options: ResyncOptions) {}

  async run(scopes: readonly string[], dryRun: boolean, signal: AbortSignal): Promise<ResyncReport> {
    const started = this.options.clock.monotonic();
    const reports: ResyncScopeReport[] = [];
    for (const name of scopes) reports.push(await this.one(this.options.desired.scope(name), dryRun, signal));
    return { dryRun, durationMs: Math.round(this.options.clock.monotonic() - started), scopes: reports };
  }

  private async one(scope: Scope, dryRun: boolean, signal: AbortSignal): Promise<ResyncScopeReport> {
    const listed = dryRun ? 0 : await this.options.relist(scope.name, signal);
    const found: Record<Deviation, string[]> = { missing: [], different: [], leftOver: [], foreign: [] };
    await this.options.stored.observe(scope, {
      dryRun,
      signal,
      onDeviation: (deviation, key) => found[deviation].push(key),
    });
    const deviant = [...found.missing, ...found.different, ...found.leftOver];
    const repaired = dryRun ? 0 : await this.settled(scope, deviant, signal);
    const counts = {
      missing: found.missing.length,
      different: found.different.length,
      leftOver: found.leftOver.length,
      foreign: found.foreign.length,
    };
    const first = (keys: readonly string[]): string[] => keys.slice(0, shown).map(textOf);
    return {
      scope: scope.name,
      listed,
      keys: scope.owners.size === 0 ? 0 : scope.records.size,
      counts,
      missing: first(found.missing),
      different: first(found.different),
      leftOver: first(found.leftOver),
      foreign: first(found.foreign),
      repaired,
    };
  }

  /** Waits until the writer has put the keys right; returns how many are (all, unless some were refused or it was aborted). */
  private async settled(scope: Scope, keys: readonly string[], signal: AbortSignal): Promise<number> {
    const open = (key: string): boolean => {
      const record = scope.records.get(key);
      return record !== undefined && (record.dirty || record.inFlight);
    };
    let left = keys.filter(open);
    while (left.length > 0 && !signal.aborted) {
      await this.options.clock.sleep(pollMs, signal);
      left = left.filter(open);
    }
    const right = (key: string): boolean => {
      const record = scope.records.get(key);
      return record === undefined || record.want === record.have;
    };
    return keys.filter(right).length;
  }
}
