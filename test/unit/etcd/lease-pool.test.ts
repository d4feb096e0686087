import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EtcdFault, type LeaseId } from '../../../src/modules/etcd/kv.js';
import type { LeaseCalls, LeaseState } from '../../../src/modules/etcd/lease-client.js';
import { EtcdLeasePool } from '../../../src/modules/etcd/lease-pool.js';
import { type LogLine, recordingLog } from '../../support/recording-log.js';
import { ManualClock } from '../common/manual-clock.js';

const down = new EtcdFault('connect ECONNREFUSED', 'unavailable');

/** Leases in memory. `hang`: keep-alives go out and nothing comes back; `fault`: calls are refused. */
class FakeLeases implements LeaseCalls {
  readonly live = new Map<LeaseId, LeaseState>();
  readonly keepAlives: { readonly at: number; readonly leases: readonly LeaseId[] }[] = [];
  grants = 0;
  fault: EtcdFault | undefined;
  hang = false;

  constructor(private readonly clock: ManualClock) {}

  grant(ttlSeconds: number): Promise<{ lease: LeaseId; ttlSeconds: number }> {
    if (this.fault) return Promise.reject(this.fault);
    const lease = String(++this.grants);
    this.live.set(lease, { grantedSeconds: ttlSeconds, remainingSeconds: ttlSeconds });
    return Promise.resolve({ lease, ttlSeconds });
  }

  state(lease: LeaseId): Promise<LeaseState> {
    if (this.fault) return Promise.reject(this.fault);
    return Promise.resolve(this.live.get(lease) ?? { grantedSeconds: 0, remainingSeconds: -1 });
  }

  keepAlive(
    leases: readonly LeaseId[],
    onReply: (lease: LeaseId, ttlSeconds: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.keepAlives.push({ at: this.clock.monotonic(), leases });
    if (this.fault) return Promise.reject(this.fault);
    if (this.hang) {
      const timedOut = this.clock.sleep(10_000_000, signal);
      return timedOut.then(() => Promise.reject(new EtcdFault('deadline exceeded', 'timeout')));
    }
    for (const lease of leases) onReply(lease, this.live.get(lease)?.grantedSeconds ?? 0);
    return Promise.resolve();
  }
}

describe(EtcdLeasePool.name, () => {
  let clock: ManualClock;
  let etcd: FakeLeases;
  let pool: EtcdLeasePool;
  let lines: LogLine[];
  let lost: LeaseId[];
  let counts: number[];
  let abort: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new ManualClock();
    etcd = new FakeLeases(clock);
    lines = [];
    lost = [];
    counts = [];
    abort = new AbortController();
    pool = new EtcdLeasePool({
      calls: etcd,
      ttlMs: 900_000,
      clock,
      log: recordingLog(lines),
      random: () => 0.5,
      maxKeysPerLease: 3,
      onCount: (leases) => counts.push(leases),
    });
    pool.onLost((lease) => lost.push(lease));
    running = pool.run(abort.signal);
  });
  afterEach(async () => {
    abort.abort();
    await running;
  });

  const messages = (): string[] => lines.map((line) => line.message);
  const status = (): ReturnType<EtcdLeasePool['stageStatus']>[number] => pool.stageStatus()[0]!;

  it('has nothing to give until it has grown; concurrent calls share one grant', async () => {
    expect(pool.take()).toBeUndefined();
    await Promise.all([pool.grow(), pool.grow(), pool.grow()]);
    expect(etcd.grants).toBe(1);
    expect(pool.take()).toBe('1');
    expect(pool.isLive('1')).toBe(true);
    expect(lines).toEqual([
      { level: 'info', message: 'New lease successfully acquired', fields: { LeaseID: '1', TTL: '900s' } },
    ]);
  });

  it('fills a lease, then asks for another; a released place is used again', async () => {
    await pool.grow();
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual(['1', '1', '1', undefined]);
    await pool.grow();
    expect(pool.take()).toBe('2');
    pool.release('1');
    pool.release('unknown');
    const taken = [pool.take(), pool.take(), pool.take()];
    expect(new Set(taken)).toEqual(new Set(['1', '2']));
    expect(pool.take()).toBeUndefined();
    expect(status().counts).toMatchObject({ leases: 2, keys: 6, mostKeysOfALease: 3 });
    expect(counts).toEqual([1, 2]);
  });

  it('renews at a third of the TTL, all that are due about then in one stream', async () => {
    await pool.grow();
    await clock.advance(20_000);
    await pool.grow();
    await clock.advance(279_999);
    expect(etcd.keepAlives).toEqual([]);
    await clock.advance(1);
    expect(etcd.keepAlives).toEqual([{ at: 300_000, leases: ['1', '2'] }]);
    await clock.advance(600_000);
    expect(etcd.keepAlives.map(({ at }) => at)).toEqual([300_000, 600_000, 900_000]);
    expect(lost).toEqual([]);
    expect(status()).toMatchObject({ state: 'alive', healthy: true });
    expect(status().counts).toMatchObject({ ttlMs: 900_000, lastRenewalAt: 900_000 });
  });

  it('loses a lease that etcd says is dead, once', async () => {
    await pool.grow();
    pool.take();
    etcd.live.clear();
    await clock.advance(300_000);
    expect(lost).toEqual(['1']);
    expect(pool.isLive('1')).toBe(false);
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message: 'Lease expired',
      fields: { LeaseID: '1', keys: 1 },
    });
    await clock.advance(900_000);
    expect(lost).toEqual(['1']);
    expect(counts).toEqual([1, 0]);
    expect(status().state).toBe('idle');
  });

  it('retries renewals with pauses, warns once, and recovers', async () => {
    await pool.grow();
    etcd.fault = down;
    await clock.advance(360_000);
    expect(status()).toMatchObject({
      state: 'retrying',
      healthy: false,
      lastError: { message: down.message },
    });
    const attempts = etcd.keepAlives.map(({ at }) => at);
    expect(attempts.length).toBeGreaterThan(5);
    expect(attempts.length).toBeLessThan(25);
    expect(messages().filter((message) => message.startsWith('Leases could not'))).toHaveLength(1);
    etcd.fault = undefined;
    await clock.advance(10_000);
    expect(status()).toMatchObject({ state: 'alive', healthy: true });
    expect(lost).toEqual([]);
  });

  it('loses what could not be renewed, a TTL after the last renewal was sent', async () => {
    await pool.grow();
    await clock.advance(300_000);
    etcd.fault = down;
    await clock.advance(899_999);
    expect(lost).toEqual([]);
    await clock.advance(1);
    expect(lost).toEqual(['1']);
  });

  it('loses it in time even while an answer is awaited', async () => {
    await pool.grow();
    await clock.advance(295_000);
    etcd.hang = true;
    await clock.advance(605_000);
    expect(lost).toEqual(['1']);
    expect(clock.monotonic()).toBe(900_000);
  });

  it('counts the life of a lease from the sending of the grant, not from its answer', async () => {
    const grant = etcd.grant.bind(etcd);
    etcd.grant = async (ttl) => {
      await clock.sleep(8000);
      return grant(ttl);
    };
    const growing = pool.grow();
    await clock.advance(8000);
    await growing;
    etcd.fault = down;
    await clock.advance(892_000);
    expect(lost).toEqual(['1']);
  });

  it('renews at once after a stall longer than the TTL would allow, or loses', async () => {
    await pool.grow();
    clock.stall(899_000);
    await clock.advance(0);
    expect(etcd.keepAlives).toHaveLength(1);
    expect(lost).toEqual([]);
    clock.stall(900_001);
    await clock.advance(0);
    expect(lost).toEqual(['1']);
  });

  it('adopts live leases of its own TTL, with their keys, and renews them before they end', async () => {
    etcd.live.set('71', { grantedSeconds: 900, remainingSeconds: 40 });
    etcd.live.set('72', { grantedSeconds: 25, remainingSeconds: 20 });
    etcd.live.set('73', { grantedSeconds: 900, remainingSeconds: 800 });
    expect(await pool.adopt(['71', '72', '73', '74'])).toEqual(new Set(['71', '73']));
    for (const lease of ['71', '71', '72', '73', '73', '73', '74']) pool.bind(lease);
    expect([pool.take(), pool.take()]).toEqual(['71', undefined]);
    await clock.advance(0);
    expect(etcd.keepAlives).toEqual([{ at: 0, leases: ['71'] }]);
    await clock.advance(200_000);
    expect(etcd.keepAlives.at(-1)).toEqual({ at: 200_000, leases: ['73'] });
    expect(lost).toEqual([]);
  });

  it('can adopt again when etcd failed in the middle', async () => {
    etcd.live.set('71', { grantedSeconds: 900, remainingSeconds: 40 });
    etcd.fault = down;
    await expect(pool.adopt(['71'])).rejects.toBe(down);
    etcd.fault = undefined;
    expect(await pool.adopt(['71'])).toEqual(new Set(['71']));
    for (let keys = 0; keys < 3; keys++) pool.bind('71');
    expect(pool.take()).toBeUndefined();
    expect(status().counts['keys']).toBe(3);
  });

  it('checks leases when asked, and tells only of those that were its own', async () => {
    await pool.grow();
    await pool.grow();
    etcd.live.delete('1');
    expect(await pool.check(['1', '2', '99', '0', ''])).toEqual(new Set(['1', '99']));
    expect(lost).toEqual(['1']);
    etcd.fault = down;
    await expect(pool.check(['2'])).rejects.toBe(down);
    expect(lost).toEqual(['1']);
  });

  it('rejects grow() with the fault, and can grow afterwards', async () => {
    etcd.fault = down;
    await expect(pool.grow()).rejects.toBe(down);
    expect(status().lastError).toMatchObject({ message: down.message });
    etcd.fault = undefined;
    await pool.grow();
    expect(pool.take()).toBe('1');
  });
});
