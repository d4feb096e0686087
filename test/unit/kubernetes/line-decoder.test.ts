import { describe, expect, it } from 'vitest';
import { LineDecoder } from '../../../src/modules/kubernetes/line-decoder.js';

describe(LineDecoder, () => {
  it('knows that a line is not complete', () => {
    const decoder = new LineDecoder();
    expect([...decoder.write(Buffer.from('a\nb'))].map(String)).toEqual(['a']);
    expect(decoder.partial).toBe(true);
    expect([...decoder.write(Buffer.from('c\n'))].map(String)).toEqual(['bc']);
    expect(decoder.partial).toBe(false);
  });

  it('refuses a line that is too long, whether it is complete or not', () => {
    expect(() => [...new LineDecoder(4).write(Buffer.from('12345\n'))]).toThrow(RangeError);
    const decoder = new LineDecoder(4);
    expect([...decoder.write(Buffer.from('123'))]).toEqual([]);
    expect(() => [...decoder.write(Buffer.from('45'))]).toThrow(RangeError);
  });
});
