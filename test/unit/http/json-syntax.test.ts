import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonFault } from '../../../src/modules/http/json-syntax.js';

describe(findJsonFault, () => {
  it.each([
    ['{"a":}', 5],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ["{'a':1}", 1],
    ['{"a":"x', 7],
    ['{"a":"\\x"}', 6],
    ['{"a":01}', 6],
    ['{"a":tru}', 5],
    ['{', 1],
    ['', 0],
    ['{}x', 2],
    ['["a\nb"]', 3],
    ['NaN', 0],
  ])('finds the fault of %j at %i', (text, position) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(findJsonFault(text)?.position).toBe(position);
  });

  it('counts lines and columns from 1', () => {
    expect(findJsonFault('{\n  "a": ?\n}')).toEqual({ position: 9, line: 2, column: 8 });
  });

  it('survives any nesting', () => {
    expect(findJsonFault('['.repeat(100_000))?.position).toBe(99);
  });

  it('finds no fault in JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        expect(findJsonFault(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });

  it('agrees with JSON.parse about damaged JSON', () => {
    const damaged = fc.tuple(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.nat(2),
      fc.constantFrom('', '"', ',', '}', '0', '\\'),
    );
    fc.assert(
      fc.property(damaged, ([text, at, cut, insert]) => {
        const place = at % (text.length + 1);
        const broken = text.slice(0, place) + insert + text.slice(place + cut);
        expect(findJsonFault(broken) === undefined).toBe(parses(broken));
      }),
      { numRuns: 500 },
    );
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
