import { type Bytes, textOf } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { Wakeup } from '../../common/wakeup.js';
import { type KvEntry, type KvEvent, type KvWatcher, type LeasePool, EtcdFault } from '../etcd/kv.js';
import type { DesiredState } from './desired-state.js';
import type { KeyRecord } from './key-record.js';
import type { Area, Scope } from './scope.js';
import { storedValue, type StoredState } from './stored-state.js';

export interface DriftOptions {
  readonly desired: DesiredState;
  readonly stored: StoredState;
  readonly watcher: KvWatcher;
  readonly leases: LeasePool;
  readonly clock: Clock;
  readonly log: Log;
  /** Each event of the watches, our own writes included; it is handled in the call that received it. */
  readonly onEvent: (key: Bytes, action: 'create' | 'modify' | 'delete') => void;
  readonly onRepair: (scope: string, kind: RepairKind) => void;
  /** The watch is back after a break: writes may work again. */
  readonly onReconnected: () => void;
}

interface Postponed {
  readonly area: Area;
  readonly scope: Scope;
  readonly event: KvEvent;
  /** Monotonic ms. */
  readonly due: number;
}

/** What was put right in the keys of one scope since the start; counts only ever grow. */
export interface RepairTally {
  /** `ip/v1`. */
  readonly scope: string;
  readonly kind: RepairKind;
  readonly count: number;
  /** The latest such key. */
  readonly key: string;
}

/** deleted, changed: by somebody else. stray: put under our prefix by somebody else, and removed. */
export type RepairKind = 'deleted' | 'changed' | 'stray';

export type DriftState = 'waiting' | 'watching' | 'disconnected';

/** A stranger's key may be the next owner's, whose Kubernetes event is still on its way: wait before it is removed, ms. */
const strayGraceMs = 30_000;
/** Two writers that disagree must not become a storm: the n-th repair of one key within a minute waits 100 ms × 2^n. */
const calmAfterMs = 60_000;
const maxRepairDelayMs = 30_000;
const tickMs = 50;

const keyOf = (event: KvEvent): Bytes => (event.type === 'put' ? event.entry.key : event.key);
const actionOf = (event: KvEvent): 'create' | 'modify' | 'delete' => {
  if (event.type === 'delete') return 'delete';
  return event.created ? 'create' : 'modify';
};
const revisionOf = (event: KvEvent): number =>
  event.type === 'put' ? event.entry.modRevision : event.modRevision;

/**
 * Watches our own keys in etcd, so that what somebody else deletes or changes is put right without being asked. Our own
 * writes come back as events too and are told apart by their revision.
 */
export class Drift implements StageSource {
  private readonly areas = new Map<Area, Stage<DriftState>>();
  private readonly damped = new Map<Bytes, { count: number; last: number }>();
  /** Events that cannot be judged yet: their key is in flight, damped, or a stray within its grace. */
  private readonly later = new Map<Bytes, Postponed>();
  private readonly postponed = new Wakeup();
  private readonly tallies = new Map<
    string,
    { scope: string; kind: RepairKind; count: number; key: Bytes }
  >();

  constructor(private readonly options: DriftOptions) {
    for (const scope of options.desired.scopes.values()) this.stageOf(scope);
  }

  /** Watches one area until the signal aborts. Call when its first sync is complete (express scopes: when it is wanted). */
  async run(area: Area, signal: AbortSignal): Promise<void> {
    const stage = this.stageOf(area);
    const revision = await this.observe(area, signal);
    if (revision === undefined) return;
    await this.options.watcher.watch(
      area.target,
      revision + 1,
      {
        onEvents: (events) => {
          for (const event of events) {
            this.options.onEvent(keyOf(event), actionOf(event));
            this.route(area, event);
          }
        },
        onConnected: () => {
          if (stage.state === 'disconnected') this.reconnected(area);
          stage.transition('watching');
        },
        onDisconnected: (cause) => {
          stage.failed(cause);
          stage.transition('disconnected');
        },
        onCompacted: async () => (await this.observe(area, signal)) ?? 0,
      },
      signal,
    );
  }

  /** Comes back to what could not be judged at once; resolves on abort. */
  async runLater(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.later.size === 0) await this.postponed.wait(signal);
      await this.options.clock.sleep(tickMs, signal);
      const now = this.options.clock.monotonic();
      // A copy: what cannot be judged yet comes back under the same key, which a Map's own iteration would visit again, for ever.
      const waiting = [...this.later];
      for (const [key, item] of waiting) {
        if (item.due > now) continue;
        this.later.delete(key);
        // Of a scope that is gone; another may bear its name and want the key by now.
        if (this.options.desired.scopes.get(item.scope.name) !== item.scope)
          this.route(item.area, item.event);
        else this.judge(item.area, item.scope, item.event, true);
      }
    }
  }

  stageStatus(): readonly StageStatus[] {
    return [...this.areas].map(([area, stage]) => ({
      name: `etcd-watch/${area.name}`,
      state: stage.state,
      since: stage.since,
      healthy: stage.state !== 'disconnected',
      ...(stage.lastError ? { lastError: stage.lastError } : {}),
      counts: { foreignKeys: [...area.scopes()].reduce((n, scope) => n + scope.foreign.size, 0) },
    }));
  }

  /** One a scope and kind that ever needed a repair. */
  repairs(): readonly RepairTally[] {
    return [...this.tallies.values()].map((tally) => ({ ...tally, key: textOf(tally.key) }));
  }

  private stageOf(area: Area): Stage<DriftState> {
    let stage = this.areas.get(area);
    if (!stage) {
      stage = new Stage<DriftState>('waiting', () => this.options.clock.now());
      this.areas.set(area, stage);
    }
    return stage;
  }

  private async observe(area: Area, signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      try {
        return await this.options.stored.observe(area, {
          signal,
          onDeviation: (deviation, key) => {
            const scope = area.scopeOf(key);
            if (scope && deviation !== 'foreign')
              this.count(scope, deviation === 'missing' ? 'deleted' : 'changed', key);
          },
        });
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        this.stageOf(area).failed(error);
        await this.options.clock.sleep(1000, signal);
      }
    }
    return undefined;
  }

  private route(area: Area, event: KvEvent): void {
    const scope = area.scopeOf(keyOf(event));
    if (scope) this.judge(area, scope, event);
  }

  private judge(area: Area, scope: Scope, event: KvEvent, overdue = false): void {
    const record = scope.records.get(keyOf(event));
    if (!record) {
      if (event.type === 'put') this.stranger(area, scope, event.entry, overdue);
      else this.forgetStranger(scope, event.key);
    } else if (record.inFlight) {
      this.postpone(record.key, { area, scope, event, due: 0 });
    } else if (revisionOf(event) > record.revision) {
      this.judgeNewer(area, record, event, overdue);
    }
  }

  private judgeNewer(area: Area, record: KeyRecord, event: KvEvent, overdue: boolean): void {
    const { desired } = this.options;
    // Right bytes on another live lease are right: whose lease it is matters only when it ends, which is an event again.
    if (event.type === 'put' && event.entry.value === record.want && event.entry.lease !== '0')
      desired.stored(record, event.entry.value, event.entry.lease, event.entry.modRevision);
    else if (event.type === 'delete' && record.want === null) desired.vanished(record, event.modRevision);
    else this.repair(area, record, event, overdue);
  }

  private repair(area: Area, record: KeyRecord, event: KvEvent, overdue: boolean): void {
    const { desired, log, clock } = this.options;
    const delay = overdue ? 0 : this.damping(record.key);
    if (delay > 0) {
      this.postpone(record.key, { area, scope: record.scope, event, due: clock.monotonic() + delay });
      return;
    }
    const kind = event.type === 'delete' ? 'deleted' : 'changed';
    this.count(record.scope, kind, record.key);
    log.debug('A key of ours was altered in etcd: repairing it', { key: textOf(record.key), kind });
    if (event.type === 'delete') desired.vanished(record, event.modRevision);
    else desired.stored(record, storedValue(record, event.entry), event.entry.lease, event.entry.modRevision);
  }

  private stranger(area: Area, scope: Scope, entry: KvEntry, overdue: boolean): void {
    if (scope.express) return;
    if (entry.lease === '0') {
      scope.foreign.add(entry.key);
    } else if (overdue) {
      this.count(scope, 'stray', entry.key);
      this.options.desired.reap(scope, entry);
    } else {
      const due = this.options.clock.monotonic() + strayGraceMs;
      this.postpone(entry.key, { area, scope, event: { type: 'put', entry, created: true }, due });
    }
  }

  private postpone(key: Bytes, item: Postponed): void {
    this.later.set(key, item);
    this.postponed.wake();
  }

  private forgetStranger(scope: Scope, key: Bytes): void {
    scope.foreign.delete(key);
    this.later.delete(key);
  }

  private damping(key: Bytes): number {
    const now = this.options.clock.monotonic();
    const known = this.damped.get(key);
    if (!known || now - known.last > calmAfterMs) {
      if (this.damped.size > 10_000) this.damped.clear();
      this.damped.set(key, { count: 1, last: now });
      return 0;
    }
    known.last = now;
    return Math.min(100 * 2 ** known.count++, maxRepairDelayMs);
  }

  private count(scope: Scope, kind: RepairKind, key: Bytes): void {
    const name = `${kind} ${scope.label}`;
    const tally = this.tallies.get(name);
    if (tally) Object.assign(tally, { count: tally.count + 1, key });
    else this.tallies.set(name, { scope: scope.label, kind, count: 1, key });
    this.options.onRepair(scope.label, kind);
  }

  /** After a break the leases may have ended meanwhile: ask at once instead of waiting for the next keep-alive. */
  private reconnected(area: Area): void {
    const leases = new Set<string>();
    for (const scope of area.scopes())
      for (const record of scope.records.values()) if (record.lease !== '0') leases.add(record.lease);
    this.options.onReconnected();
    this.options.leases.check(leases).catch((error: unknown) => this.stageOf(area).failed(error));
  }
}
