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

  it('looks more rarely where it costs much: a fiftieth of the time at most', async () => {
    const times = await looks(100);

    expect(times.length).toBeGreaterThan(1);
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(5000);
  });
});
