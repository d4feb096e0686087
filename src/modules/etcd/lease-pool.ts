import { Backoff } from '../../common/backoff.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { Wakeup } from '../../common/wakeup.js';
import type { LeaseCalls } from './lease-client.js';
import { EtcdFault, type LeaseId, type LeasePool } from './kv.js';
import { LinkedAbort } from './linked-abort.js';

export interface EtcdLeasePoolOptions {
  readonly calls: LeaseCalls;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
  /** One grant was answered, or not. */
  readonly onGrant?: (seconds: number, outcome: 'success' | 'fail') => void;
  /** The number of live leases has changed. */
  readonly onCount?: (leases: number) => void;
  readonly maxKeysPerLease?: number;
}

export type LeasePoolState = 'idle' | 'alive' | 'retrying';

interface Lease {
  readonly id: LeaseId;
  readonly ttlMs: number;
  keys: number;
  /** Monotonic ms from which the next renewal is due. */
  renewAt: number;
  /** Monotonic ms after which etcd has ended it, unless renewed: counted from the sending of the last renewal. */
  expiresAt: number;
}

/** Cilium's own limit, which keeps the work of a dying lease bounded (spec/k8s-sync.md §5). */
const keysPerLease = 1000;
const concurrentQueries = 16;

/**
 * Leases in use, kept alive. A lease ends for us when etcd says so, or when it was not renewed in time by our own clock: then
 * etcd has ended it too, or will before it hears of us.
 */
export class EtcdLeasePool implements LeasePool, StageSource {
  private readonly leases = new Map<LeaseId, Lease>();
  private readonly withRoom = new Set<Lease>();
  private readonly listeners: ((lease: LeaseId) => void)[] = [];
  private readonly wakeup = new Wakeup();
  private readonly stage: Stage<LeasePoolState>;
  private readonly backoff: Backoff;
  private readonly maxKeys: number;
  private growing: Promise<void> | undefined;
  private lostLeases = 0;
  private renewedAt = 0;

  constructor(private readonly options: EtcdLeasePoolOptions) {
    this.stage = new Stage<LeasePoolState>('idle', () => options.clock.now());
    this.backoff = new Backoff({
      baseMs: 500,
      maxMs: 10_000,
      jitter: 'decorrelated',
      random: options.random,
    });
    this.maxKeys = options.maxKeysPerLease ?? keysPerLease;
  }

  take(): LeaseId | undefined {
    for (const lease of this.withRoom) {
      this.count(lease, 1);
      return lease.id;
    }
    return undefined;
  }

  grow(): Promise<void> {
    this.growing ??= this.grant().finally(() => {
      this.growing = undefined;
    });
    return this.growing;
  }

  bind(id: LeaseId): void {
    const lease = this.leases.get(id);
    if (lease) this.count(lease, 1);
  }

  release(id: LeaseId): void {
    const lease = this.leases.get(id);
    if (lease && lease.keys > 0) this.count(lease, -1);
  }

  async adopt(leases: Iterable<LeaseId>): Promise<ReadonlySet<LeaseId>> {
    const asked = [...leases];
    const foreign = asked.filter((id) => !this.leases.has(id));
    await forEachOf(foreign, async (id) => {
      const askedAt = this.options.clock.monotonic();
      const { grantedSeconds, remainingSeconds } = await this.options.calls.state(id);
      if (remainingSeconds <= 0 || grantedSeconds * 1000 !== this.ttlMs) return;
      this.add(id, grantedSeconds * 1000, askedAt, remainingSeconds * 1000);
    });
    const adopted = new Set(asked.filter((id) => this.leases.has(id)));
    if (adopted.size > 0)
      this.options.log.info('Took over the leases of the previous run', { leases: adopted.size });
    this.wakeup.wake();
    return adopted;
  }

  async check(leases: Iterable<LeaseId>): Promise<ReadonlySet<LeaseId>> {
    const dead = new Set<LeaseId>();
    const asked = [...leases].filter((id) => id !== '' && id !== '0');
    await forEachOf(asked, async (id) => {
      const { remainingSeconds } = await this.options.calls.state(id);
      if (remainingSeconds <= 0) dead.add(id);
    });
    for (const id of dead) this.lost(id, 'etcd does not know it');
    return dead;
  }

  isLive(lease: LeaseId): boolean {
    return this.leases.has(lease);
  }

  onLost(listener: (lease: LeaseId) => void): void {
    this.listeners.push(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.expire();
      const due = this.due();
      if (due.length > 0) await this.renew(due, signal);
      else await this.rest(signal);
    }
  }

  stageStatus(): readonly StageStatus[] {
    const { stage, leases } = this;
    const keys = [...leases.values()].map((lease) => lease.keys);
    return [
      {
        name: 'etcd/leases',
        state: stage.state,
        since: stage.since,
        healthy: stage.state !== 'retrying',
        ...(stage.lastError ? { lastError: stage.lastError } : {}),
        counts: {
          leases: leases.size,
          keys: keys.reduce((sum, n) => sum + n, 0),
          mostKeysOfALease: Math.max(0, ...keys),
          ttlMs: this.ttlMs,
          lostLeases: this.lostLeases,
          lastRenewalAt: this.renewedAt,
        },
      },
    ];
  }

  /** etcd counts in seconds. */
  private get ttlMs(): number {
    return Math.ceil(this.options.ttlMs / 1000) * 1000;
  }

  private async grant(): Promise<void> {
    const { calls, clock, log, onGrant } = this.options;
    const askedAt = clock.monotonic();
    const seconds = (): number => (clock.monotonic() - askedAt) / 1000;
    try {
      const { lease, ttlSeconds } = await calls.grant(this.ttlMs / 1000);
      onGrant?.(seconds(), 'success');
      log.info('New lease successfully acquired', { LeaseID: lease, TTL: `${ttlSeconds}s` });
      this.add(lease, ttlSeconds * 1000, askedAt, ttlSeconds * 1000);
      this.wakeup.wake();
    } catch (error) {
      onGrant?.(seconds(), 'fail');
      this.stage.failed(error);
      throw error;
    }
  }

  private add(id: LeaseId, ttlMs: number, at: number, remainingMs: number): void {
    const renewAt = at + Math.max(0, remainingMs - (ttlMs * 2) / 3);
    const lease = { id, ttlMs, keys: 0, renewAt, expiresAt: at + remainingMs };
    this.leases.set(id, lease);
    this.withRoom.add(lease);
    this.options.onCount?.(this.leases.size);
    if (this.stage.state === 'idle') this.stage.transition('alive');
  }

  private count(lease: Lease, change: number): void {
    lease.keys += change;
    if (lease.keys < this.maxKeys) this.withRoom.add(lease);
    else this.withRoom.delete(lease);
  }

  private expire(): void {
    const now = this.options.clock.monotonic();
    for (const lease of this.leases.values()) {
      if (lease.expiresAt <= now) this.lost(lease.id, 'it could not be renewed in time');
    }
  }

  /** Those that come due within a tenth of their period are renewed along, in one stream. */
  private due(): Lease[] {
    const now = this.options.clock.monotonic();
    const all = [...this.leases.values()];
    if (!all.some((lease) => lease.renewAt <= now)) return [];
    return all.filter((lease) => lease.renewAt <= now + lease.ttlMs / 30);
  }

  private async renew(due: readonly Lease[], signal: AbortSignal): Promise<void> {
    const { calls, clock, log } = this.options;
    const sentAt = clock.monotonic();
    // Notices the end of a lease while an answer or the next attempt is awaited.
    const limit = new AbortController();
    const onReply = (id: LeaseId, ttlSeconds: number): void => {
      if (ttlSeconds <= 0) this.lost(id, 'etcd has ended it');
      else this.renewed(id, sentAt, ttlSeconds * 1000);
    };
    const earliest = Math.min(...due.map((lease) => lease.expiresAt));
    const watchdog = clock.sleep(Math.max(0, earliest - sentAt), limit.signal).then(() => this.expire());
    try {
      await calls.keepAlive(
        due.map((lease) => lease.id),
        onReply,
        signal,
      );
      this.backoff.reset();
      this.stage.transition(this.leases.size > 0 ? 'alive' : 'idle');
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      if (signal.aborted) return;
      this.stage.failed(error);
      if (this.stage.state !== 'retrying')
        log.warn('Leases could not be renewed. Retrying...', { leases: due.length, error });
      this.stage.transition('retrying');
      await clock.sleep(this.backoff.next(), signal);
    } finally {
      limit.abort();
      await watchdog;
    }
  }

  private renewed(id: LeaseId, sentAt: number, ttlMs: number): void {
    const lease = this.leases.get(id);
    if (!lease) return;
    lease.renewAt = sentAt + ttlMs / 3;
    lease.expiresAt = sentAt + ttlMs;
    this.renewedAt = this.options.clock.now();
  }

  private untilEarliest(time: 'renewAt' | 'expiresAt'): number {
    const now = this.options.clock.monotonic();
    let earliest = Infinity;
    for (const lease of this.leases.values()) earliest = Math.min(earliest, lease[time] - now);
    return Math.max(0, earliest);
  }

  private async rest(signal: AbortSignal): Promise<void> {
    const wait = Math.min(this.untilEarliest('renewAt'), this.untilEarliest('expiresAt'), this.ttlMs);
    const over = new LinkedAbort(signal);
    await Promise.race([this.wakeup.wait(over.signal), this.options.clock.sleep(wait, over.signal)]);
    over.abort();
  }

  private lost(id: LeaseId, reason: string): void {
    const lease = this.leases.get(id);
    if (!lease) return;
    this.leases.delete(id);
    this.withRoom.delete(lease);
    this.options.onCount?.(this.leases.size);
    this.lostLeases++;
    this.options.log.warn('Lease expired', { LeaseID: id, reason, keys: lease.keys });
    if (this.leases.size === 0 && this.stage.state === 'alive') this.stage.transition('idle');
    for (const listener of this.listeners) listener(id);
  }
}

/** A few at a time: a thousand questions at once would only queue in etcd. The first failure rejects. */
async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: concurrentQueries }, worker));
}
