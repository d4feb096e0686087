import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../src/common/backoff.js';

const delays = (sut: Backoff, count: number): number[] => Array.from({ length: count }, () => sut.next());

describe(Backoff.name, () => {
  it('doubles up to the maximum', () => {
    const sut = new Backoff({ baseMs: 100, maxMs: 1000, jitter: 'none', random: () => 0.5 });

    expect(delays(sut, 6)).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(sut.attempts).toBe(6);
  });

  it('starts anew after a success', () => {
    const sut = new Backoff({ baseMs: 100, maxMs: 1000, factor: 3, jitter: 'none', random: () => 0 });
    delays(sut, 3);

    sut.reset();

    expect(sut.attempts).toBe(0);
    expect(delays(sut, 3)).toEqual([100, 300, 900]);
  });

  it('takes any part of the ceiling with full jitter', () => {
    const sut = new Backoff({ baseMs: 100, maxMs: 1000, jitter: 'full', random: () => 0.25 });

    expect(delays(sut, 5)).toEqual([25, 50, 100, 200, 250]);
  });

  it('goes by the last delay with decorrelated jitter, within base and maximum', () => {
    const high = new Backoff({ baseMs: 100, maxMs: 1000, jitter: 'decorrelated', random: () => 1 });
    const low = new Backoff({ baseMs: 100, maxMs: 1000, jitter: 'decorrelated', random: () => 0 });

    expect(delays(high, 4)).toEqual([300, 900, 1000, 1000]);
    expect(delays(low, 3)).toEqual([100, 100, 100]);
  });

  it('stays finite after very many attempts', () => {
    const sut = new Backoff({ baseMs: 1, maxMs: 5000, jitter: 'full', random: () => 1 });

    expect(delays(sut, 5000).at(-1)).toBe(5000);
  });
});
