import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { Wakeup } from '../../common/wakeup.js';
import { EtcdFault, type Kv, type LeasePool } from '../etcd/kv.js';
import { collect, operation, plan, type PlannedWrite } from './batch.js';
import type { DesiredState } from './desired-state.js';
import type { KeyRecord } from './key-record.js';
import type { Scope } from './scope.js';
import type { WriteObserver } from './write-observer.js';
import { actionFor } from './write-failure.js';

/** The request budget: `etcd.qps` tokens a second, one token a transaction. */
export interface Budget {
  take(signal?: AbortSignal): Promise<unknown>;
}

export interface Pause {
  /** The next pause, ms; grows until reset(). */
  next(): number;
  reset(): void;
}

export interface WriterOptions {
  readonly desired: DesiredState;
  readonly kv: Kv;
  readonly leases: LeasePool;
  readonly budget: Budget;
  readonly pause: () => Pause;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: WriteObserver;
  /** Operations in one transaction (`etcd.maxTxnOps`). */
  readonly maxTxnOps: number;
  /** Transactions under way at once (`etcd.maxInflight`). */
  readonly maxInflight: number;
}

export type WriterState = 'idle' | 'writing' | 'backing-off';

/** Requests of etcd are limited to 1.5 MiB; the rest is room for the framing of 128 operations. */
const maxTxnBytes = 1024 * 1024;
/** More transactions at once make etcd slower, not faster (measured: 4 reach its full rate). */
const usefulInflight = 4;

/** Keys of one lane share its slots and its pause: express keys never wait behind the others. */
interface Lane {
  readonly express: boolean;
  readonly slots: number;
  readonly wakeup: Wakeup;
  /** Scopes with dirty keys, those first whose turn it is. Thousands may exist; only these cost. */
  readonly waiting: Set<Scope>;
  /** Parts of a refused transaction, to be written exactly so. Their records stay in flight. */
  readonly parts: KeyRecord[][];
  readonly pause: Pause;
  running: number;
  /** Monotonic ms until which the lane rests after a failure. */
  restUntil: number;
  /** A full database: deletions and puts go in turns. */
  turn?: 'deletes' | 'puts';
}

/**
 * Drains the dirty keys of the desired state into etcd in transactions, several in flight. A key in flight is never written
 * concurrently (invariant I3); a key whose write failed is dirty again (I5); the value is read when the transaction is sent,
 * so a burst costs one write a key.
 *
 *     idle ⇄ writing ⇄ backing-off
 */
export class Writer implements StageSource {
  private readonly stage: Stage<WriterState>;
  private readonly lanes: readonly Lane[];
  private maxOps: number;
  private written = 0;
  private transactions = 0;
  private failures = 0;
  private fault: EtcdFault | undefined;

  constructor(private readonly options: WriterOptions) {
    this.maxOps = options.maxTxnOps;
    this.stage = new Stage<WriterState>('idle', () => options.clock.now());
    const lane = (express: boolean, slots: number): Lane => ({
      express,
      slots,
      wakeup: new Wakeup(),
      waiting: new Set(),
      parts: [],
      pause: options.pause(),
      running: 0,
      restUntil: 0,
    });
    this.lanes = [lane(true, 1), lane(false, Math.max(1, Math.min(options.maxInflight, usefulInflight)))];
    options.desired.listen({ onDirty: (record) => this.dirty(record.scope), onSettled: () => undefined });
    for (const scope of options.desired.scopes.values()) if (scope.dirty.size > 0) this.dirty(scope);
  }

  /** Resolves on abort; transactions under way are cancelled, their keys stay dirty. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.lanes.map((lane) => this.runLane(lane, signal)));
  }

  /** Writes may succeed again (a new connection): do not wait for the end of the pause. */
  retryNow(): void {
    for (const lane of this.lanes) {
      lane.restUntil = 0;
      lane.pause.reset();
      lane.wakeup.wake();
    }
  }

  /** Why the latest transaction failed; undefined while the latest one succeeded. */
  get lastFault(): EtcdFault | undefined {
    return this.fault;
  }

  /** Every key that waits for nothing but its turn is written. */
  get caughtUp(): boolean {
    return this.lanes.every(({ parts, waiting, running }) => parts.length + waiting.size + running === 0);
  }

  stageStatus(): readonly StageStatus[] {
    const scopes = [...this.options.desired.scopes.values()];
    const sum = (of: (scope: (typeof scopes)[number]) => number): number =>
      scopes.reduce((n, s) => n + of(s), 0);
    return [
      {
        name: 'writer',
        state: this.stage.state,
        since: this.stage.since,
        healthy: this.stage.state !== 'backing-off',
        ...(this.stage.lastError ? { lastError: this.stage.lastError } : {}),
        counts: {
          queueKeys: sum((scope) => scope.dirty.size),
          inFlightKeys: sum((scope) => scope.inFlight),
          inFlightTransactions: this.lanes.reduce((n, lane) => n + lane.running, 0),
          writtenKeys: this.written,
          transactions: this.transactions,
          failedTransactions: this.failures,
          maxOperations: this.maxOps,
        },
      },
    ];
  }

  private dirty(scope: Scope): void {
    const lane = this.lanes[scope.express ? 0 : 1];
    lane?.waiting.add(scope);
    lane?.wakeup.wake();
  }

  private async runLane(lane: Lane, signal: AbortSignal): Promise<void> {
    const hasWork = (): boolean => lane.parts.length > 0 || lane.waiting.size > 0;
    while (!signal.aborted) {
      if (hasWork() && lane.running < lane.slots) {
        await this.admission(lane, signal);
        if (!signal.aborted) this.launch(lane, signal);
      } else {
        if (lane.running === 0 && !lane.express && this.stage.state === 'writing')
          this.stage.transition('idle');
        await lane.wakeup.wait(signal);
      }
    }
  }

  private async admission(lane: Lane, signal: AbortSignal): Promise<void> {
    await this.rest(lane, signal);
    if (!lane.express) await this.options.budget.take(signal);
  }

  private launch(lane: Lane, signal: AbortSignal): void {
    const batch = lane.parts.shift() ?? collect(lane.waiting, this.limits(lane));
    if (batch.length === 0) return;
    lane.running++;
    void this.write(lane, batch, signal).finally(() => {
      lane.running--;
      lane.wakeup.wake();
    });
  }

  private limits(lane: Lane): { maxOps: number; maxBytes: number; only?: 'deletes' | 'puts' } {
    const limits = { maxOps: this.maxOps, maxBytes: maxTxnBytes };
    if (!lane.turn) return limits;
    lane.turn = lane.turn === 'deletes' ? 'puts' : 'deletes';
    return { ...limits, only: lane.turn };
  }

  private async rest(lane: Lane, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const left = lane.restUntil - this.options.clock.monotonic();
      if (left <= 0) return;
      // In slices, so that retryNow() ends the rest.
      await this.options.clock.sleep(Math.min(left, 100), signal);
    }
  }

  /** Never rejects but for a bug: every failure leaves the keys dirty, refused, or waiting in parts. */
  private async write(lane: Lane, batch: readonly KeyRecord[], signal: AbortSignal): Promise<void> {
    const started = this.options.clock.monotonic();
    try {
      const writes = await plan(batch, this.options.leases);
      if (!lane.express && this.stage.state === 'idle') this.stage.transition('writing');
      const { revision } = await this.options.kv.txn(writes.map(operation), { signal });
      this.acknowledged(lane, writes, revision, started);
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      await this.failed(lane, batch, error, started);
    }
  }

  private acknowledged(lane: Lane, writes: readonly PlannedWrite[], revision: number, started: number): void {
    const { desired, leases, observer, clock, log } = this.options;
    const now = clock.monotonic();
    this.transactions++;
    this.fault = undefined;
    this.written += writes.length;
    observer.request(now - started, 'success');
    for (const { record, value, lease } of writes) {
      this.land(record);
      if (value === null) leases.release(lease);
      if (record.eventAt > 0 && record.want === value)
        observer.propagated(record.scope.label, now - record.eventAt);
      desired.stored(record, value, value === null ? '0' : lease, revision);
    }
    if (lane.restUntil === 0) return;
    lane.restUntil = 0;
    lane.pause.reset();
    delete lane.turn;
    if (this.stage.state !== 'backing-off') return;
    log.info('Writing to the kvstore works again', { queueKeys: this.stageStatus()[0]?.counts['queueKeys'] });
    this.stage.transition('writing');
  }

  private async failed(
    lane: Lane,
    batch: readonly KeyRecord[],
    fault: EtcdFault,
    started: number,
  ): Promise<void> {
    this.options.observer.request(this.options.clock.monotonic() - started, 'fail');
    if (fault.kind === 'aborted') {
      for (const record of batch) this.land(record);
      return;
    }
    this.failures++;
    this.fault = fault;
    switch (actionFor(fault, batch.length)) {
      case 'check-leases':
        return this.renewLeases(lane, batch, fault);
      case 'halve':
        return this.halve(lane, batch, fault);
      case 'refuse':
        for (const record of batch) this.refuse(record, fault);
        return;
      case 'separate':
        lane.turn ??= 'puts';
        this.backOff(lane, batch, fault);
        return;
      case 'back-off':
        this.backOff(lane, batch, fault);
    }
  }

  private async renewLeases(lane: Lane, batch: readonly KeyRecord[], fault: EtcdFault): Promise<void> {
    const { leases, desired } = this.options;
    try {
      const dead = await leases.check(new Set(batch.map((record) => record.lease)));
      if (dead.size === 0) {
        this.backOff(lane, batch, fault);
        return;
      }
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      this.backOff(lane, batch, error);
      return;
    }
    for (const record of batch) {
      this.land(record);
      desired.requeue(record);
    }
  }

  private halve(lane: Lane, batch: readonly KeyRecord[], fault: EtcdFault): void {
    const middle = Math.ceil(batch.length / 2);
    if (fault.kind === 'too-many-operations' && middle < this.maxOps) {
      this.maxOps = middle;
      this.options.log.warn('etcd takes fewer operations in a transaction: using less', {
        maxTxnOps: middle,
      });
    }
    this.stage.failed(fault);
    lane.parts.push(batch.slice(0, middle), batch.slice(middle));
  }

  private refuse(record: KeyRecord, fault: EtcdFault): void {
    const { desired, log, observer } = this.options;
    this.land(record);
    this.stage.failed(fault);
    log.error('etcd refuses this key for good: its stored value is left as it is until the value changes', {
      key: record.key,
      bytes: record.want?.length ?? 0,
      error: fault,
    });
    observer.failed(record.scope.label, record.scope.spec.cluster);
    desired.refuse(record);
  }

  private backOff(lane: Lane, batch: readonly KeyRecord[], fault: EtcdFault): void {
    const { desired, clock, log, observer } = this.options;
    // Transactions that were under way together fail together: that is one failure, not four.
    if (lane.restUntil <= clock.monotonic()) lane.restUntil = clock.monotonic() + lane.pause.next();
    this.stage.failed(fault);
    if (this.stage.state !== 'backing-off') {
      const key = batch[0]?.key;
      log.warn('Failed upserting keys in kvstore. Retrying...', {
        keys: batch.length,
        key,
        reason: fault.kind,
        error: fault,
      });
      this.stage.transition('backing-off');
    }
    for (const { label, spec } of new Set(batch.map((record) => record.scope)))
      observer.failed(label, spec.cluster);
    for (const record of batch) {
      this.land(record);
      // The transaction may have been applied without our learning of it.
      if (fault.kind === 'timeout' || fault.kind === 'unavailable') desired.forget(record);
      else desired.requeue(record);
    }
  }

  private land(record: KeyRecord): void {
    record.inFlight = false;
    record.scope.inFlight--;
  }
}
