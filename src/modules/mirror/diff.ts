import { type Bytes, textOf } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { KvEntry } from '../etcd/kv.js';
import type { Area, Scope } from './scope.js';
import type { Deviation, StoredState } from './stored-state.js';

export interface DiffRequest {
  /** Names as ScopeStatus.scope has them (`ip/v1`); absent = all. */
  readonly scopes?: readonly string[];
  /** Only keys of this remote cluster. */
  readonly cluster?: string;
  /** How many keys to name; all are counted. */
  readonly limit: number;
}

/** One key that etcd does not hold as it is wanted. Values are never shown, only their sizes. */
export interface KeyDifference {
  readonly key: string;
  readonly scope: string;
  readonly cluster?: string;
  readonly kind: Deviation;
  /** Why it counts as different: other bytes, or the right bytes on no lease, which would outlive us. */
  readonly reason?: 'value' | 'no lease';
  /** Bytes of the wanted value; absent when nobody wants the key. */
  readonly wantedBytes?: number;
  /** Bytes of the stored value; absent when etcd does not hold the key. */
  readonly storedBytes?: number;
  /** etcd refuses the wanted value for good (too large): it stays as it is until it changes. */
  readonly refused?: true;
}

export interface ScopeDiff {
  readonly scope: string;
  readonly cluster?: string;
  /** Whether the scope's first list has been stored completely; before, keys of earlier runs are not judged. */
  readonly synced: boolean;
  /** Keys that are wanted. */
  readonly keys: number;
  readonly counts: Readonly<Record<Deviation, number>>;
}

/** What etcd really holds beside what is wanted, at the moment of the question. */
export interface DiffReport {
  /** ms since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  /** Nothing is missing, different or left over. Keys of others (foreign) are none of our business. */
  readonly equal: boolean;
  /** Of each cluster (there may be thousands) only those with a difference. */
  readonly scopes: readonly ScopeDiff[];
  /** The first `limit` of them. */
  readonly differences: readonly KeyDifference[];
  /** How many more there are. */
  readonly omitted: number;
}

export interface DiffOptions {
  readonly areas: readonly Area[];
  readonly stored: StoredState;
  readonly clock: Clock;
}

/** Up to so many scopes of a shared area are read one by one: one cluster's of 500 need not cost a walk over all. */
const readAlone = 32;

type Counts = Record<Deviation, number>;
const none = (): Counts => ({ missing: 0, different: 0, leftOver: 0, foreign: 0 });

/** The comparison of a dry resync, key by key; like that it touches nothing. Rejects with EtcdFault. */
export class Diff {
  private readonly counts = new Map<Scope, Counts>();
  private readonly differences: KeyDifference[] = [];
  private total = 0;

  constructor(
    private readonly options: DiffOptions,
    private readonly request: DiffRequest,
  ) {}

  async run(signal: AbortSignal): Promise<DiffReport> {
    const { areas, stored, clock } = this.options;
    const at = clock.now();
    const started = clock.monotonic();
    const looked: Scope[] = [];
    for (const area of areas) {
      const asked = [...area.scopes()].filter((scope) => this.isAsked(scope));
      if (asked.length === 0) continue;
      looked.push(...asked);
      for (const part of asked.length <= readAlone ? asked : [area])
        await stored.observe(part, {
          dryRun: true,
          signal,
          onDeviation: (deviation, key, entry) => this.found(part.scopeOf(key), deviation, key, entry),
        });
    }
    const scopes = looked.filter((scope) => scope.spec.cluster === undefined || this.counts.has(scope));
    const durationMs = Math.round(clock.monotonic() - started);
    return { at, durationMs, ...this.result(), scopes: scopes.map((scope) => this.scopeDiff(scope)) };
  }

  private result(): Pick<DiffReport, 'equal' | 'differences' | 'omitted'> {
    const ours = [...this.counts.values()].some((n) => n.missing + n.different + n.leftOver > 0);
    return { equal: !ours, differences: this.differences, omitted: this.total - this.differences.length };
  }

  private isAsked(scope: Scope): boolean {
    const { scopes, cluster } = this.request;
    return (
      !scope.express &&
      (scopes === undefined || scopes.includes(scope.label)) &&
      (cluster === undefined || scope.spec.cluster === cluster)
    );
  }

  // The four facts of a deviation.
  private found(scope: Scope | undefined, kind: Deviation, key: Bytes, entry: KvEntry | undefined): void {
    if (!scope || !this.isAsked(scope)) return;
    const counts = this.counts.get(scope) ?? none();
    counts[kind]++;
    this.counts.set(scope, counts);
    this.total++;
    if (this.differences.length < this.request.limit)
      this.differences.push(difference(scope, kind, key, entry));
  }

  private scopeDiff(scope: Scope): ScopeDiff {
    return {
      ...identity(scope),
      synced: scope.phase === 'synced',
      keys: scope.records.size,
      counts: this.counts.get(scope) ?? none(),
    };
  }
}

function identity({ label, spec }: Scope): { scope: string; cluster?: string } {
  return { scope: label, ...(spec.cluster === undefined ? {} : { cluster: spec.cluster }) };
}

function difference(scope: Scope, kind: Deviation, key: Bytes, entry: KvEntry | undefined): KeyDifference {
  const record = scope.records.get(key);
  const want = record?.want ?? null;
  return {
    key: textOf(key),
    ...identity(scope),
    kind,
    ...(kind === 'different' && entry ? { reason: entry.value === want ? 'no lease' : 'value' } : {}),
    ...(want === null ? {} : { wantedBytes: want.length }),
    ...(entry ? { storedBytes: entry.value.length } : {}),
    ...(record?.refused ? { refused: true } : {}),
  };
}
