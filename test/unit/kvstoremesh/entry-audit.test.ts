import { describe, expect, it } from 'vitest';
import type { CachedType } from '../../../src/modules/kvstoremesh/cached-type.js';
import { EntryAudit } from '../../../src/modules/kvstoremesh/entry-audit.js';
import { ManualClock } from '../common/manual-clock.js';

describe(EntryAudit, () => {
  const begin = () => {
    const clock = new ManualClock();
    const mirror = { caughtUp: false };
    const checked: string[] = [];
    const audit = new EntryAudit({ mirror, clock });
    const over = new AbortController();
    const done = audit.run(over.signal);
    const type = (name: string, entries: number, synced = true): CachedType => {
      function* checks(): Generator<void> {
        for (let i = 0; i < entries; i++) {
          checked.push(name);
          yield;
        }
      }
      return { checks, synced } as unknown as CachedType;
    };
    return { clock, mirror, checked, audit, type, stop: () => (over.abort(), done) };
  };

  it('lets copying go first, then checks every entry of every list', async () => {
    const { clock, mirror, checked, audit, type, stop } = begin();
    audit.add(type('ip', 2));
    audit.add(type('nodes', 1));

    await clock.advance(10_000);
    expect(checked).toEqual([]);
    mirror.caughtUp = true;
    await clock.advance(1000);

    expect(checked).toEqual(['ip', 'ip', 'nodes']);
    await stop();
  });

  it('does not wait for ever', async () => {
    const { clock, checked, audit, type, stop } = begin();
    audit.add(type('ip', 1));

    await clock.advance(31_000);

    expect(checked).toEqual(['ip']);
    await stop();
  });

  it('checks a list once that was read again meanwhile', async () => {
    const { clock, mirror, checked, audit, type, stop } = begin();
    const ip = type('ip', 1);
    audit.add(ip);
    audit.add(ip);
    mirror.caughtUp = true;

    await clock.advance(1000);

    expect(checked).toEqual(['ip']);
    await stop();
  });

  it('lets nobody starve behind a cluster that comes back all the time', async () => {
    const { clock, checked, audit, type, stop } = begin();
    const [flapping, quiet] = [type('flapping', 1), type('quiet', 1)];
    audit.add(flapping);
    audit.add(quiet);

    for (let i = 0; i < 7; i++) {
      await clock.advance(5000);
      audit.add(flapping);
    }

    expect(checked).toContain('quiet');
    await stop();
  });

  it('skips the list of a connection that is over', async () => {
    const { clock, mirror, checked, audit, type, stop } = begin();
    mirror.caughtUp = true;
    audit.add(type('gone', 1, false));
    audit.add(type('ip', 1));

    await clock.advance(1000);

    expect(checked).toEqual(['ip']);
    await stop();
  });

  it('works in slices: others have their turn within milliseconds', async () => {
    let [time, checked] = [0, 0];
    const slices: number[] = [];
    const sleep = (ms: number): Promise<void> => {
      time += ms;
      slices.push(checked);
      return Promise.resolve();
    };
    const clock = { now: () => time, monotonic: () => time, sleep };
    const over = new AbortController();
    function* checks(): Generator<void> {
      for (; checked < 50; checked++) {
        time++;
        yield;
      }
      over.abort();
    }
    const audit = new EntryAudit({ mirror: { caughtUp: true }, clock });
    audit.add({ checks, synced: true } as unknown as CachedType);

    await audit.run(over.signal);

    expect(checked).toBe(50);
    const longest = Math.max(...slices.map((count, i) => count - (slices[i - 1] ?? 0)));
    expect([slices.length, longest]).toEqual([10, 5]);
  });
});
