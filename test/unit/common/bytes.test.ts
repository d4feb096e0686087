import { describe, expect, it } from 'vitest';
import { bytesOf, joined } from '../../../src/common/bytes.js';

describe(joined, () => {
  it.each([
    ['', ''],
    ['cilium/cache/ip/v1/east/', '10.0.0.1'],
    [bytesOf('ü/'), bytesOf('中')],
    ['a'.repeat(8192), ''],
    ['a'.repeat(8191), 'bc'],
  ])('is the one after the other (case %#)', (a, b) => {
    expect(joined(a, b)).toBe(a + b);
  });

  it('leaves earlier results as they are', () => {
    const first = joined('first/', '1');
    joined('second/', '2');

    expect(first).toBe('first/1');
  });
});
