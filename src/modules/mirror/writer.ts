import { textOf } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { EtcdFault, type Kv, type LeasePool } from '../etcd/kv.js';
import {
  type BatchLimits,
  collect,
  groupByScope,
  isHalfFull,
  operation,
  plan,
  type PlannedWrite,
} from './batch.js';
import type { DesiredState } from './desired-state.js';
import type { KeyRecord } from './key-record.js';
import { InflightLimit } from './inflight-limit.js';
import { type Lane, newLane, type Pause } from './lane.js';
import { RefusalLog } from './refusal-log.js';
import type { Scope } from './scope.js';
import type { WriteObserver } from './write-observer.js';
import { ForbiddenScopes } from './forbidden-scopes.js';
import { actionFor } from './write-failure.js';

/** The request budget: `etcd.qps` tokens a second, one token a transaction. */
export interface Budget {
  take(signal?: AbortSignal): Promise<unknown>;
  /** The last token taken was not used. */
  giveBack(): void;
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

/** One transaction: the keys, what was sent of them (nothing when no lease could be had), and whether it is still wanted. */
interface Attempt {
  readonly batch: readonly KeyRecord[];
  readonly writes: readonly PlannedWrite[];
  readonly signal: AbortSignal;
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
  private readonly forbidden: ForbiddenScopes;
  private readonly refusals: RefusalLog;

  constructor(private readonly options: WriterOptions) {
    this.maxOps = options.maxTxnOps;
    this.stage = new Stage<WriterState>('idle', () => options.clock.now());
    this.refusals = new RefusalLog(options.clock);
    this.forbidden = new ForbiddenScopes(options.clock, (scope) => this.dirty(scope));
    this.lanes = [
      newLane(true, new InflightLimit(1, 1), options.pause()),
      newLane(false, InflightLimit.upTo(options.maxInflight), options.pause()),
    ];
    options.desired.listen({
      onDirty: (record) => this.dirty(record.scope),
      onSettled: () => undefined,
      onMoved: (from, to) => {
        options.leases.release(from);
        options.leases.bind(to);
      },
    });
    for (const scope of options.desired.scopes.values()) if (scope.dirty.size > 0) this.dirty(scope);
  }

  /** Resolves on abort; transactions under way are cancelled, their keys stay dirty. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.lanes.map((lane) => this.runLane(lane, signal)));
  }

  /** Writes may succeed again (a new connection): do not wait for the end of the pause. */
  retryNow(): void {
    this.forbidden.retryAll();
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
        healthy: this.stage.state !== 'backing-off' && this.forbidden.size === 0,
        ...(this.stage.lastError ? { lastError: this.stage.lastError } : {}),
        counts: {
          queueKeys: sum((scope) => scope.dirty.size),
          inFlightKeys: sum((scope) => scope.inFlight),
          inFlightLimit: this.lanes.at(-1)?.inflight.current ?? 0,
          inFlightTransactions: this.lanes.reduce((n, lane) => n + lane.running, 0),
          writtenKeys: this.written,
          transactions: this.transactions,
          failedTransactions: this.failures,
          maxOperations: this.maxOps,
          forbiddenScopes: this.forbidden.size,
        },
      },
    ];
  }

  private dirty(scope: Scope): void {
    if (scope.dirty.size === 0 || this.forbidden.waits(scope)) return;
    const lane = this.lanes[scope.express ? 0 : 1];
    lane?.waiting.add(scope);
    lane?.wakeup.wake();
  }

  private async runLane(lane: Lane, signal: AbortSignal): Promise<void> {
    const hasWork = (): boolean => lane.parts.length > 0 || lane.waiting.size > 0;
    while (!signal.aborted) {
      if (hasWork() && lane.running < lane.inflight.current) {
        await this.admission(lane, signal);
        if (!signal.aborted) this.launch(lane, signal);
      } else {
        if (lane.running === 0) this.rested(lane);
        await lane.wakeup.wait(signal);
      }
    }
  }

  /** Nothing to do. What etcd can take at once is found out anew with the next burst. */
  private rested(lane: Lane): void {
    lane.inflight.reset();
    if (!lane.express && this.stage.state === 'writing') this.stage.transition('idle');
  }

  private async admission(lane: Lane, signal: AbortSignal): Promise<void> {
    await this.rest(lane, signal);
    if (!lane.express) await this.options.budget.take(signal);
  }

  private launch(lane: Lane, signal: AbortSignal): void {
    const batch = lane.parts.shift() ?? collect(lane.waiting, this.limits(lane));
    if (batch.length === 0) {
      if (!lane.express) this.options.budget.giveBack();
      if (lane.only) lane.only = lane.only === 'deletes' ? 'puts' : 'deletes';
      return;
    }
    lane.running++;
    void this.write(lane, batch, signal).finally(() => {
      lane.running--;
      lane.wakeup.wake();
    });
  }

  private limits(lane: Lane): BatchLimits {
    const limits = { maxOps: this.maxOps, maxBytes: maxTxnBytes };
    return lane.only ? { ...limits, only: lane.only } : limits;
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
    const { kv, leases, observer, clock } = this.options;
    const started = clock.monotonic();
    const busy = lane.running >= lane.inflight.current;
    const tell = (outcome: 'success' | 'fail'): void =>
      observer.request(clock.monotonic() - started, outcome, !lane.express);
    let writes: readonly PlannedWrite[] = [];
    try {
      writes = await plan(batch, leases);
      if (!lane.express && this.stage.state === 'idle') this.stage.transition('writing');
      const { revision } = await kv.txn(writes.map(operation), { signal });
      tell('success');
      if (isHalfFull(writes, this.limits(lane))) lane.inflight.answered(clock.monotonic() - started, busy);
      this.acknowledged(lane, writes, revision);
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      tell('fail');
      await this.failed(lane, { batch, writes, signal }, error);
    }
  }

  private acknowledged(lane: Lane, writes: readonly PlannedWrite[], revision: number): void {
    const now = this.options.clock.monotonic();
    this.transactions++;
    this.fault = undefined;
    this.written += writes.length;
    for (const write of writes) this.stored(write, revision, now);
    if (this.forbidden.size > 0) this.allowed(writes);
    // That a full database takes deletions says nothing of the puts.
    const recovered = !lane.only || writes.some(({ value }) => value !== null);
    if (lane.restUntil > 0 && recovered) this.recovered(lane);
  }

  private stored({ record, value, lease }: PlannedWrite, revision: number, now: number): void {
    const { desired, leases, observer } = this.options;
    this.land(record);
    if (record.eventAt > 0 && record.want === value)
      observer.propagated(record.scope.label, now - record.eventAt);
    if (value === null) desired.stored(record, null, '0', revision);
    else if (leases.isLive(lease)) desired.stored(record, value, lease, revision);
    // A lease that was lost before the answer came has taken the key with it.
    else desired.forget(record);
  }

  private recovered(lane: Lane): void {
    lane.restUntil = 0;
    lane.pause.reset();
    delete lane.only;
    if (this.stage.state !== 'backing-off') return;
    const { queueKeys } = this.stageStatus()[0]?.counts ?? {};
    this.options.log.info('Writing to the kvstore works again', { queueKeys });
    this.stage.transition('writing');
  }

  private async failed(lane: Lane, { batch, writes, signal }: Attempt, fault: EtcdFault): Promise<void> {
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
        for (const write of writes) this.refuse(write, fault);
        return;
      case 'set-aside':
        this.setAside(lane, batch, fault, signal);
        return;
      case 'separate':
        lane.only = 'deletes';
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
      desired.failed(record);
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

  private refuse({ record, value }: PlannedWrite, fault: EtcdFault): void {
    const { desired, log, observer } = this.options;
    this.land(record);
    if (record.want !== value) {
      // What was refused is no longer wanted.
      desired.failed(record);
      return;
    }
    this.stage.failed(fault);
    observer.failed(record.scope.label, record.scope.spec.cluster);
    desired.refuse(record);
    if (!this.refusals.isNews(record.key)) return;
    log.error('etcd refuses this key for good: its stored value is left as it is until the value changes', {
      key: textOf(record.key),
      bytes: value?.length ?? 0,
      error: fault,
    });
  }

  /** A batch of several scopes is written again as one for each, which tells whose fault it is. */
  private setAside(lane: Lane, batch: readonly KeyRecord[], fault: EtcdFault, signal: AbortSignal): void {
    const { desired, log, observer } = this.options;
    this.stage.failed(fault);
    const byScope = groupByScope(batch);
    if (byScope.size > 1) {
      lane.parts.push(...byScope.values());
      return;
    }
    for (const [scope, records] of byScope) {
      observer.failed(scope.label, scope.spec.cluster);
      if (this.forbidden.add(scope, signal))
        log.warn('etcd forbids to write these keys. Retrying...', {
          scope: scope.name,
          key: textOf(records[0]?.key ?? ''),
          error: fault,
        });
      lane.waiting.delete(scope);
    }
    for (const record of batch) {
      this.land(record);
      desired.failed(record);
    }
  }

  private allowed(writes: readonly PlannedWrite[]): void {
    for (const scope of new Set(writes.map(({ record }) => record.scope)))
      if (this.forbidden.written(scope))
        this.options.log.info('etcd allows to write these keys again', { scope: scope.name });
  }

  private backOff(lane: Lane, batch: readonly KeyRecord[], fault: EtcdFault): void {
    const { desired, clock, log, observer } = this.options;
    lane.inflight.reset();
    // Transactions that were under way together fail together: that is one failure.
    if (lane.restUntil <= clock.monotonic()) lane.restUntil = clock.monotonic() + lane.pause.next();
    this.stage.failed(fault);
    if (this.stage.state !== 'backing-off') {
      log.warn('Failed upserting keys in kvstore. Retrying...', {
        keys: batch.length,
        key: textOf(batch[0]?.key ?? ''),
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
      else desired.failed(record);
    }
  }

  private land(record: KeyRecord): void {
    record.inFlight = false;
    record.scope.inFlight--;
  }
}
