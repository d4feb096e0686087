import { describe, expect, it } from 'vitest';
import { WorkQueue } from '../../../src/common/work-queue.js';
import { ManualClock } from './manual-clock.js';

describe(WorkQueue.name, () => {
  const lab = (work: (key: string) => Promise<void>, concurrency = 2) => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const failures: string[] = [];
    const queue = new WorkQueue({
      clock,
      random: () => 0.999,
      concurrency,
      work,
      failed: (key, error) => {
        if (error instanceof TypeError) throw error;
        failures.push(key);
        return { baseMs: 100, maxMs: 300 };
      },
    });
    return { clock, queue, failures, abort, running: queue.run(abort.signal) };
  };

  it('works on different keys at once, but no more than it may, and never on one key twice at once', async () => {
    const active: string[] = [];
    let most = 0;
    const release: (() => void)[] = [];
    const sut = lab((key) => {
      expect(active).not.toContain(key);
      active.push(key);
      most = Math.max(most, active.length);
      return new Promise((resolve) => {
        release.push(() => {
          active.splice(active.indexOf(key), 1);
          resolve();
        });
      });
    });

    for (const key of ['a', 'b', 'c', 'a', 'a']) sut.queue.add(key);
    await sut.clock.advance(0);
    sut.queue.add('a');
    let done = 0;
    for (let next = release.shift(); next; next = release.shift()) {
      next();
      done++;
      await sut.clock.advance(0);
    }

    expect({ most, done, size: sut.queue.size }).toEqual({ most: 2, done: 4, size: 0 });
    sut.abort.abort();
    await sut.running;
  });

  it('repeats what failed ever more slowly, by key, and at once when it is added again', async () => {
    const times: number[] = [];
    const sut = lab((key) => {
      if (key === 'good') return Promise.resolve();
      times.push(sut.clock.now());
      return Promise.reject(new Error('no'));
    });

    sut.queue.add('bad');
    sut.queue.add('good');
    await sut.clock.advance(1000);
    expect(times.map(Math.round)).toEqual([0, 100, 300, 600, 900]);
    expect(sut.queue.failing).toBe(1);
    sut.queue.add('bad');
    await sut.clock.advance(0);

    expect(Math.round(times.at(-1)!)).toBe(1000);
    sut.abort.abort();
    await sut.running;
  });

  it('ends with a bug', async () => {
    const sut = lab((key) => Promise.reject(key === 'bug' ? new TypeError('bug') : new Error('no')));
    sut.queue.add('bad');
    await sut.clock.advance(0);
    sut.queue.add('bug');

    await expect(sut.running).rejects.toThrow('bug');
  });
});
