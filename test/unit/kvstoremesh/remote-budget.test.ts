import { describe, expect, it } from 'vitest';
import { RemoteBudget } from '../../../src/modules/kvstoremesh/remote-budget.js';
import { ManualClock } from '../common/manual-clock.js';

describe(RemoteBudget, () => {
  it('lets qps requests pass a second, and shows who waited how long', async () => {
    const clock = new ManualClock();
    const finished: object[] = [];
    const inFlight: number[] = [];
    const limits: number[] = [];
    const metrics = {
      rateLimit: (perSecond: number, burst: number) => void limits.push(perSecond, burst),
      finished: (request: object) => void finished.push(request),
      inFlight: (requests: number) => void inFlight.push(requests),
    };
    const budget = new RemoteBudget({ qps: 20, maxInflight: 5 }, clock, metrics as never);
    let passed = 0;
    for (let n = 0; n < 50; n++) void budget.take().then(() => passed++);
    await clock.advance(0);
    expect(passed).toBe(20);
    for (let n = 0; n < 10; n++) await clock.advance(100);
    expect(passed).toBe(40);

    for (let n = 0; n < 40; n++) budget.done(8, n === 0 ? 'fail' : 'success');
    expect(limits).toEqual([20, 20]);
    expect(finished[0]).toEqual({ outcome: 'fail', waited: 0, processed: 0.008 });
    expect(finished.at(-1)).toMatchObject({ outcome: 'success', waited: 1 });
    expect(inFlight.at(-1)).toBe(0);
  });

  it('takes nothing for a request that is called off', async () => {
    const clock = new ManualClock();
    const none = () => undefined;
    const metrics = { rateLimit: none, finished: none, inFlight: none };
    const budget = new RemoteBudget({ qps: 1, maxInflight: 1 }, clock, metrics as never);
    await budget.take();
    const end = new AbortController();
    const waiting = budget.take(end.signal);
    end.abort();

    expect(await waiting).toBe(false);
  });
});
