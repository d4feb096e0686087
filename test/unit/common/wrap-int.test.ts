import { describe, expect, it } from 'vitest';
import { wrapUint } from '../../../src/common/wrap-int.js';

describe(wrapUint.name, () => {
  it('wraps as observed on the original (spec/k8s-sync.md §7)', () => {
    expect(wrapUint(300, 8)).toBe(44);
    expect(wrapUint(-1, 8)).toBe(255);
    expect(wrapUint(4294967297, 32)).toBe(1);
    expect(wrapUint(70000, 16)).toBe(4464);
    expect(wrapUint(4294967295, 32)).toBe(4294967295);
    expect(wrapUint(-4294967296, 32)).toBe(0);
  });

  it('is 0, never -0, for anything that is no integer', () => {
    for (const value of [-256, -0, 1.5, NaN, Infinity, '7', null, undefined, {}]) {
      expect(Object.is(wrapUint(value, 8), 0)).toBe(true);
    }
  });
});
