import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { Readiness } from '../../../src/modules/health/readiness.js';

describe(Readiness, () => {
  it('remembers when it was first seen ready', () => {
    let now = 100;
    const source = { readiness: () => [{ scope: 'ip/v1', ready: now >= 200, waitingFor: '', since: 0 }] };
    const readiness = new Readiness([source], { ...systemClock, now: () => now });

    expect([readiness.isReady(), readiness.readySince]).toEqual([false, undefined]);
    now = 200;
    expect([readiness.isReady(), readiness.readySince]).toEqual([true, 200]);
    now = 300;
    expect([readiness.isReady(), readiness.readySince]).toEqual([true, 200]);
  });

  it('waits for every source, and for nothing when there is nothing', () => {
    const of = (ready: boolean) => ({ readiness: () => [{ scope: 's', ready, waitingFor: '', since: 0 }] });

    expect(new Readiness([of(true), of(false)], systemClock).isReady()).toBe(false);
    expect(new Readiness([of(true), of(true)], systemClock).isReady()).toBe(true);
    expect(new Readiness([], systemClock).isReady()).toBe(true);
  });
});
