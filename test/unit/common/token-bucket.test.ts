import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/common/token-bucket.js';
import { ManualClock } from './manual-clock.js';

const settled = async (promises: readonly Promise<boolean>[]): Promise<(boolean | 'waits')[]> => {
  await new Promise((resolve) => setImmediate(resolve));
  return Promise.all(promises.map((promise) => Promise.race([promise, Promise.resolve('waits' as const)])));
};

describe(TokenBucket.name, () => {
  it('lets a burst through, then the rate', async () => {
    const clock = new ManualClock();
    const sut = new TokenBucket({ rate: 10, burst: 2, clock });

    const takes = [sut.take(), sut.take(), sut.take(), sut.take()];
    expect(await settled(takes)).toEqual([true, true, 'waits', 'waits']);

    await clock.advance(100);
    expect(await settled(takes)).toEqual([true, true, true, 'waits']);

    await clock.advance(100);
    expect(await settled(takes)).toEqual([true, true, true, true]);
  });

  it('gathers no more than the burst', async () => {
    const clock = new ManualClock();
    const sut = new TokenBucket({ rate: 10, burst: 2, clock });
    expect([sut.tryTake(), sut.tryTake(), sut.tryTake()]).toEqual([true, true, false]);

    await clock.advance(60_000);

    expect([sut.tryTake(), sut.tryTake(), sut.tryTake()]).toEqual([true, true, false]);
  });

  it('does not let tryTake() pass those who wait', async () => {
    const clock = new ManualClock();
    const sut = new TokenBucket({ rate: 1, burst: 1, clock });
    sut.tryTake();
    const waiter = sut.take();
    clock.stall(1000);

    expect(sut.tryTake()).toBe(false);
    expect(sut.queueLength).toBe(1);

    await clock.advance(0);
    expect(await settled([waiter])).toEqual([true]);
    expect(sut.queueLength).toBe(0);
  });

  it('serves in the order of coming and skips those who left', async () => {
    const clock = new ManualClock();
    const sut = new TokenBucket({ rate: 1, burst: 1, clock });
    sut.tryTake();
    const order: string[] = [];
    const leaving = new AbortController();
    void sut.take().then(() => order.push('first'));
    const left = sut.take(leaving.signal).then((taken) => order.push(`left ${taken}`));
    void sut.take().then(() => order.push('last'));

    leaving.abort();
    await left;
    await clock.advance(2000);

    expect(order).toEqual(['left false', 'first', 'last']);
  });

  it('has no timer when nobody waits', async () => {
    const clock = new ManualClock();
    const sut = new TokenBucket({ rate: 1, burst: 1, clock });
    sut.tryTake();
    expect(clock.sleeping).toBe(0);
    const leaving = new AbortController();
    const waiter = sut.take(leaving.signal);
    expect(clock.sleeping).toBe(1);

    leaving.abort();

    expect(await waiter).toBe(false);
    expect(clock.sleeping).toBe(0);
  });

  it('serves one who comes at the very moment the last one leaves', async () => {
    const clock = new ManualClock();
    const sut = new TokenBucket({ rate: 1, burst: 1, clock });
    sut.tryTake();
    const leaving = new AbortController();
    void sut.take(leaving.signal);

    leaving.abort();
    const next = sut.take();
    await clock.advance(1000);

    expect(await settled([next])).toEqual([true]);
  });

  it('uses a new rate at once, for those who wait too', async () => {
    const clock = new ManualClock();
    const sut = new TokenBucket({ rate: 0.001, burst: 1, clock });
    sut.tryTake();
    const takes = [sut.take(), sut.take()];

    sut.setRate(10);
    await clock.advance(100);
    expect(await settled(takes)).toEqual([true, 'waits']);

    sut.setRate(Infinity);
    await clock.advance(0);
    expect(await settled(takes)).toEqual([true, true]);
  });

  for (const ms of [0, 5]) {
    it(`limits again after ${ms} ms without limit`, async () => {
      const clock = new ManualClock();
      const sut = new TokenBucket({ rate: Infinity, burst: 1, clock });
      expect(Array.from({ length: 100 }, () => sut.tryTake())).not.toContain(false);
      await clock.advance(ms);

      sut.setRate(10);

      expect([sut.tryTake(), sut.tryTake()]).toEqual([true, false]);
    });
  }

  it('takes nothing for a signal that is aborted already', async () => {
    const sut = new TokenBucket({ rate: 1, burst: 1, clock: new ManualClock() });

    expect(await sut.take(AbortSignal.abort())).toBe(false);
    expect(sut.tryTake()).toBe(true);
  });

  it('refuses a rate that would let nobody pass', () => {
    expect(() => new TokenBucket({ rate: 0, burst: 1, clock: new ManualClock() })).toThrow(RangeError);
  });
});
