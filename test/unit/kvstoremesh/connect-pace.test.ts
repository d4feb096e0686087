import { describe, expect, it } from 'vitest';
import { ConnectPace } from '../../../src/modules/kvstoremesh/connect-pace.js';

describe(ConnectPace, () => {
  const pauses = (pace: ConnectPace, ...lasted: number[]): number[] =>
    lasted.map((ms) => Math.round(pace.pauseAfter(ms)));
  const slowest = () => new ConnectPace({ steadyMs: 1000, random: () => 1 });

  it('waits longer from failure to failure, up to half a minute', () => {
    expect(pauses(slowest(), 0, 0, 0, 0, 0, 0)).toEqual([600, 1800, 5400, 16_200, 30_000, 30_000]);
    expect(pauses(new ConnectPace({ steadyMs: 1000, random: () => 0 }), 0, 0, 0)).toEqual([200, 200, 200]);
  });

  it('takes a connection that breaks at once for a failure', () => {
    expect(pauses(slowest(), 999, 999, 999)).toEqual([600, 1800, 5400]);
  });

  it('begins anew after a connection that lasted, and after a change', () => {
    const pace = slowest();

    expect(pauses(pace, 0, 0, 1000, 0)).toEqual([600, 1800, 600, 1800]);
    pace.reset();
    expect(pauses(pace, 0)).toEqual([600]);
  });
});
