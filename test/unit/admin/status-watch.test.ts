import { describe, expect, it } from 'vitest';
import { StatusWatch, type StatusWatchOptions } from '../../../src/modules/admin/events/status-watch.js';
import { silentLog } from '../../../src/common/log.js';
import { ManualClock } from '../common/manual-clock.js';

describe(StatusWatch, () => {
  /** @returns the times of the looks of a minute. */
  const looks = async (costMs: number): Promise<number[]> => {
    const clock = new ManualClock();
    const times: number[] = [];
    const status = () => {
      times.push(clock.now());
      clock.stall(costMs);
      return { ready: true, stages: [], scopes: [] };
    };
    const watch = new StatusWatch({
      report: { status },
      mirror: { repairs: () => [], refusedKey: () => undefined },
      traffic: { sample: () => undefined },
      propagation: () => undefined,
      events: { record: () => undefined, release: () => undefined },
      clock,
      log: silentLog,
      enabled: true,
    } as unknown as StatusWatchOptions);
    watch.onModuleInit();
    for (let second = 0; second < 60; second++) await clock.advance(1000);
    await watch.onModuleDestroy();
    return times;
  };

  it('looks once a second', async () => {
    expect((await looks(0)).length).toBe(61);
  });

  it.each([
    { costMs: 60, pauseMs: 3000, what: 'a fiftieth of the time at most' },
    { costMs: 500, pauseMs: 4000, what: 'but so often that nobody takes the program for gone' },
  ])('looks more rarely where it costs much: $what', async ({ costMs, pauseMs }) => {
    const times = await looks(costMs);

    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(pauses.length).toBeGreaterThan(5);
    for (const pause of pauses) expect(pause).toBe(pauseMs + costMs);
  });
});
