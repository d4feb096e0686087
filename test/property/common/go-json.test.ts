import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, textOf } from '../../../src/common/bytes.js';
import { quote, sortByBytes, stringMapText } from '../../../src/common/go-json.js';

const interesting = fc.constantFrom(
  '"',
  '\\',
  '<',
  '>',
  '&',
  '\u2028',
  '\u2029',
  '\u0000',
  '\u001f',
  '\u007f',
  '\ud800',
  '\udc00',
);
const unit = fc.oneof(
  interesting,
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('a', '1', '/', '😀'),
);
const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));

/** Lone surrogates become U+FFFD, as in Go's decoder, before anything is printed. */
const wellFormed = (any: string): string => textOf(bytesOf(any));

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};
const reference = (any: string): string =>
  JSON.stringify(wellFormed(any)).replace(/[<>&\u2028\u2029]/g, (one) => escapes[one] ?? one);

describe('JSON text', () => {
  it('equals the reference for any string', () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(textOf(bytesOf(quote(any)))).toBe(reference(any));
      }),
      { numRuns: 2000 },
    );
  });

  it('is sorted as buffers compare', () => {
    fc.assert(
      fc.property(fc.array(text.map(wellFormed)), (texts) => {
        const expected = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

        expect(sortByBytes([...texts])).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('of a map is read back as the map', () => {
    fc.assert(
      fc.property(fc.dictionary(text.map(wellFormed), text.map(wellFormed)), (record) => {
        const printed = stringMapText(new Map(Object.entries(record)));

        expect(new Map(Object.entries(JSON.parse(printed) as object))).toEqual(
          new Map(Object.entries(record)),
        );
      }),
    );
  });
});
