import { describe, expect, it } from 'vitest';
import { together } from '../../../src/common/together.js';

describe(together, () => {
  const untilAborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

  it('ends the others when one fails, and throws its error after they are over', async () => {
    let over = false;
    const slow = async (signal: AbortSignal): Promise<void> => {
      await untilAborted(signal);
      await Promise.resolve();
      over = true;
      throw new Error('a consequence');
    };
    const failing = (): Promise<void> => Promise.reject(new Error('the cause'));

    await expect(together(new AbortController().signal, [slow, failing])).rejects.toThrow('the cause');
    expect(over).toBe(true);
  });

  it('lets the others run when one returns, and ends with the signal', async () => {
    const end = new AbortController();
    const ended: string[] = [];
    const all = together(end.signal, [
      () => Promise.resolve(),
      (signal) => untilAborted(signal).then(() => void ended.push('second')),
    ]);
    await Promise.resolve();
    expect(ended).toEqual([]);

    end.abort();
    await all;
    expect(ended).toEqual(['second']);
  });
});
