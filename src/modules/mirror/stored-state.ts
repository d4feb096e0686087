import type { Bytes } from '../../common/bytes.js';
import type { Kv, KvEntry, KvPage, LeaseId, LeasePool } from '../etcd/kv.js';
import type { DesiredState } from './desired-state.js';
import type { KeyRecord } from './key-record.js';
import type { Area, Scope } from './scope.js';

/** How etcd's content deviates from what is wanted. */
export type Deviation = 'missing' | 'different' | 'leftOver' | 'foreign';

export interface ObserveOptions {
  /** Only compare: nothing is marked dirty. */
  readonly dryRun?: boolean;
  /** `stored`: what etcd holds; absent for a missing key. */
  readonly onDeviation?: (deviation: Deviation, key: Bytes, stored?: KvEntry) => void;
  readonly signal?: AbortSignal;
}

/** A key with no record that was found before its source is complete: it may be wanted in a moment. */
const undecided = (scope: Scope): boolean => scope.express || scope.phase === 'waiting';

/** Right bytes without a lease would outlive us: they count as absent, so that they are written again, on a lease. */
export function storedValue(record: KeyRecord, entry: KvEntry): Bytes | null {
  return entry.value === record.want && entry.lease === '0' ? null : entry.value;
}

/**
 * Reads what etcd really holds of a scope, at one revision, and tells the desired state. Used at start (what the previous
 * run left), after a gap in the watch, once after the first sync, and by resync: always the same comparison.
 */
export class StoredState {
  private pass = 0;

  constructor(
    private readonly desired: DesiredState,
    private readonly kv: Kv,
    private readonly leases: LeasePool,
    /** Default: as EtcdKv's. */
    private readonly pageSize?: number,
  ) {}

  /**
   * What the previous run left. Its leases are taken over, so that keys which are right already need not be written again.
   * Must run before any source feeds the scopes.
   */
  async load(areas: Iterable<Area>, signal?: AbortSignal): Promise<void> {
    const found: { scope: Scope; entry: KvEntry }[] = [];
    const leases = new Set<LeaseId>();
    for (const area of areas) {
      for await (const page of this.pages(area, signal)) {
        for (const entry of page.entries) {
          const scope = area.scopeOf(entry.key);
          if (!scope) continue;
          found.push({ scope, entry });
          if (entry.lease !== '0') leases.add(entry.lease);
        }
      }
    }
    const kept = await this.leases.adopt(leases);
    for (const { scope, entry } of found) this.desired.adopt(scope, entry, kept.has(entry.lease));
  }

  /** @returns the revision that the area was read at: a watch may go on from the next one. */
  async observe(area: Area, options: ObserveOptions = {}): Promise<number> {
    const pass = ++this.pass;
    const known = highestRevision(area);
    let revision = 0;
    for await (const page of this.pages(area, options.signal)) {
      if (revision === 0 && page.revision < known) forgetRevisions(area);
      revision = page.revision;
      for (const entry of page.entries) {
        const scope = area.scopeOf(entry.key);
        if (scope) this.compare(scope, entry, page.revision, pass, options);
      }
    }
    for (const record of recordsOf(area)) {
      // A later pass beside this one (a diff during a reconnect) may have marked the key: it is there all the same.
      if (record.seenInPass < pass) this.absent(record, revision, options);
    }
    return revision;
  }

  private compare(
    scope: Scope,
    entry: KvEntry,
    revision: number,
    pass: number,
    options: ObserveOptions,
  ): void {
    const record = scope.records.get(entry.key);
    if (!record) {
      this.unknown(scope, entry, pass, options);
      return;
    }
    record.seenInPass = Math.max(record.seenInPass, pass);
    // Ours is newer than the page, or about to be.
    if (record.inFlight || record.revision > revision) return;
    const have = storedValue(record, entry);
    if (have !== record.want && record.owner !== undefined)
      options.onDeviation?.('different', entry.key, entry);
    if (!options.dryRun) this.desired.stored(record, have, entry.lease, entry.modRevision);
  }

  private unknown(scope: Scope, entry: KvEntry, pass: number, options: ObserveOptions): void {
    const { desired } = this;
    const open = undecided(scope);
    if (!open) options.onDeviation?.(entry.lease === '0' ? 'foreign' : 'leftOver', entry.key, entry);
    if (options.dryRun || scope.express) return;
    if (open) desired.adopt(scope, entry, this.leases.isLive(entry.lease));
    else desired.reap(scope, entry);
    // The end of this pass looks for what it has not seen.
    const record = scope.records.get(entry.key);
    if (record) record.seenInPass = pass;
  }

  private absent(record: KeyRecord, revision: number, options: ObserveOptions): void {
    if (record.inFlight || record.revision > revision) return;
    if (record.owner !== undefined) options.onDeviation?.('missing', record.key);
    if (!options.dryRun && record.have !== null) this.desired.vanished(record, revision);
  }

  private async *pages({ target }: Area, signal?: AbortSignal): AsyncGenerator<KvPage> {
    const { pageSize } = this;
    const options = { ...(pageSize ? { pageSize } : {}), ...(signal ? { signal } : {}) };
    if ('prefix' in target) {
      yield* this.kv.range(target.prefix, options);
      return;
    }
    // A single key is read as a range too: the answer carries the revision that it was read at.
    for await (const page of this.kv.range(target.key, options)) {
      yield { revision: page.revision, entries: page.entries.filter((entry) => entry.key === target.key) };
    }
  }
}

function* recordsOf(area: Area): Generator<KeyRecord> {
  for (const scope of area.scopes()) yield* scope.records.values();
}

function highestRevision(area: Area): number {
  let highest = 0;
  for (const record of recordsOf(area)) highest = Math.max(highest, record.revision);
  return highest;
}

/** etcd started anew with an empty history: revisions of its earlier life mean nothing. */
function forgetRevisions(area: Area): void {
  for (const record of recordsOf(area)) record.revision = 0;
}
