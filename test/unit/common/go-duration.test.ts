import { describe, expect, it } from 'vitest';
import { formatGoDuration, parseGoDuration } from '../../../src/common/go-duration.js';

describe(parseGoDuration.name, () => {
  const good: [string, number][] = [
    ['0', 0],
    ['-0', 0],
    ['5s', 5000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1.s', 1000],
    ['100ms', 100],
    ['2h3m4.5s', 7_384_500],
    ['1s1s', 2000],
    ['+5s', 5000],
    ['-1m', -60_000],
    ['250us', 0.25],
    ['250\u00b5s', 0.25],
    ['250\u03bcs', 0.25],
    ['1000000ns', 1],
  ];
  for (const [text, ms] of good) {
    it(`reads ${text}`, () => expect(parseGoDuration(text)).toBeCloseTo(ms, 9));
  }

  const bad: [string, string][] = [
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['x', 'time: invalid duration "x"'],
    ['.', 'time: invalid duration "."'],
    ['.s', 'time: invalid duration ".s"'],
    [' 5s', 'time: invalid duration " 5s"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1h5', 'time: missing unit in duration "1h5"'],
    ['1..5s', 'time: missing unit in duration "1..5s"'],
    ['5d', 'time: unknown unit "d" in duration "5d"'],
    ['5 s', 'time: unknown unit " s" in duration "5 s"'],
    ['3000000h', 'time: invalid duration "3000000h"'],
  ];
  for (const [text, message] of bad) {
    it(`refuses ${JSON.stringify(text)} as Go does`, () =>
      expect(() => parseGoDuration(text)).toThrow(new Error(message)));
  }
});

describe(formatGoDuration.name, () => {
  const table: [number, string][] = [
    [0, '0s'],
    [900_000, '15m0s'],
    [120_000, '2m0s'],
    [3_600_000, '1h0m0s'],
    [259_380_500, '72h3m0.5s'],
    [1500, '1.5s'],
    [100, '100ms'],
    [1.5, '1.5ms'],
    [0.25, '250\u00b5s'],
    [0.000001, '1ns'],
    [-90_000, '-1m30s'],
  ];
  for (const [ms, text] of table) {
    it(`prints ${ms} ms as ${text}`, () => expect(formatGoDuration(ms)).toBe(text));
  }

  it('is read back', () => {
    for (const [ms] of table) expect(parseGoDuration(formatGoDuration(ms))).toBeCloseTo(ms, 9);
  });
});
