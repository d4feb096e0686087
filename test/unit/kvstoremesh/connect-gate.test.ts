import { describe, expect, it } from 'vitest';
import { ConnectGate } from '../../../src/modules/kvstoremesh/connect-gate.js';
import { ManualClock } from '../common/manual-clock.js';

describe(ConnectGate, () => {
  it('lets so many pass a second and no more, and shows it', async () => {
    const clock = new ManualClock();
    const gate = new ConnectGate({ perSecond: 10, clock });
    let passed = 0;
    for (let n = 0; n < 100; n++) void gate.take(new AbortController().signal).then(() => passed++);
    await clock.advance(0);
    expect(passed).toBe(10);
    expect(gate.stageStatus()[0]).toMatchObject({
      state: 'limiting',
      counts: { attempts: 10, attemptsInLastMinute: 10, waitingClusters: 90, maxAttemptsPerSecond: 10 },
    });

    for (let n = 0; n < 20; n++) await clock.advance(100);
    expect(passed).toBe(30);

    for (let n = 0; n < 800; n++) await clock.advance(100);
    expect(gate.stageStatus()[0]).toMatchObject({
      state: 'open',
      counts: { attempts: 100, attemptsInLastMinute: 0, waitingClusters: 0 },
    });
  });
});
