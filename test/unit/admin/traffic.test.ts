import { describe, expect, it } from 'vitest';
import { Traffic } from '../../../src/modules/admin/status/traffic.js';
import { quantile } from '../../../src/modules/metrics/quantile.js';
import { ManualClock } from '../common/manual-clock.js';

const bounds = [0.001, 0.01, 0.1];

describe(quantile, () => {
  it.each([
    [0.5, [0, 10, 0, 0], 0.0055],
    [0.5, [10, 10, 0, 0], 0.001],
    [0.99, [0, 0, 100, 0], 0.0991],
    [0.99, [0, 0, 0, 5], 0.1],
    [0.5, [0, 0, 0, 0], undefined],
  ])('%d of %j', (q, counts, expected) => {
    const found = quantile(q, { bounds, counts });
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(expected, 6);
  });
});

describe(Traffic, () => {
  it('is over the last minute', async () => {
    const clock = new ManualClock();
    const sut = new Traffic(clock);
    for (let second = 0; second <= 100; second++) {
      // 10 keys a second, all of them within 1 to 10 ms; before the 30th second, slower ones.
      const slow = Math.min(second, 30);
      const counts = [0, second * 10, slow * 10, 0];
      sut.sample({ writtenKeys: second * 10, propagation: { bounds, counts } });
      await clock.advance(1000);
    }
    expect(sut.figures()).toEqual({
      windowMs: 60_000,
      keysPerSecond: 10,
      propagation: { p50Ms: 5.5, p99Ms: 9.9, changes: 600 },
    });
  });

  it('has nothing to say at first, and no quantile when nothing changed', async () => {
    const clock = new ManualClock();
    const sut = new Traffic(clock);
    const idle = { writtenKeys: 5, propagation: { bounds, counts: [1, 1, 1, 1] } };
    sut.sample(idle);
    expect(sut.figures()).toBeUndefined();
    await clock.advance(1000);
    sut.sample(idle);
    expect(sut.figures()).toEqual({ windowMs: 1000, keysPerSecond: 0 });
  });
});
