import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonListDecoder, ListBodyError } from '../../../src/modules/kubernetes/json-list-decoder.js';
import { LineDecoder } from '../../../src/modules/kubernetes/line-decoder.js';

/** Texts that look like structure, with escapes, long ones and characters of several bytes. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', 'é', '😀', 'items', '\n'), { maxLength: 40 })
    .map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', minLength: 30, maxLength: 80 }),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    text,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('any'), { maxLength: 4 }),
  object: fc.dictionary(text, tie('any'), { maxKeys: 4 }),
}));
const list = fc.record({
  items: fc.oneof(fc.array(value.object, { maxLength: 6 }), fc.constant(null)),
  metadata: fc.record({ resourceVersion: fc.stringMatching(/^\d{1,9}$/) }),
  order: fc.shuffledSubarray(['kind', 'metadata', 'items', 'extra'], { minLength: 4 }),
  indent: fc.constantFrom(0, 1),
});

type List = typeof list extends fc.Arbitrary<infer T> ? T : never;

function bodyOf({ items, metadata, order, indent }: List): Buffer {
  const members: Record<string, unknown> = {
    kind: 'List',
    metadata,
    items,
    extra: { items: [1], 'a"]': '}' },
  };
  return Buffer.from(
    JSON.stringify(Object.fromEntries(order.map((name) => [name, members[name]])), null, indent),
  );
}

function chunksOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

describe(JsonListDecoder, () => {
  it('finds exactly the items, however the body is cut', () => {
    fc.assert(
      fc.property(list, sizes, (given, cuts) => {
        const items: unknown[] = [];
        const decoder = new JsonListDecoder((bytes) => items.push(JSON.parse(bytes.toString('utf8'))));
        for (const chunk of chunksOf(bodyOf(given), cuts)) decoder.write(chunk);
        expect(decoder.end()).toEqual(given.metadata);
        expect(items).toEqual(JSON.parse(JSON.stringify(given.items ?? [])));
      }),
      { numRuns: 300 },
    );
  });

  it('never takes a body that broke off for a list', () => {
    fc.assert(
      fc.property(list, sizes, fc.double({ min: 0, max: 0.999, noNaN: true }), (given, cuts, part) => {
        const body = bodyOf(given);
        const decoder = new JsonListDecoder(() => undefined);
        for (const chunk of chunksOf(body.subarray(0, Math.floor(body.length * part)), cuts))
          decoder.write(chunk);
        expect(() => decoder.end()).toThrow(ListBodyError);
      }),
      { numRuns: 200 },
    );
  });
});

describe(LineDecoder, () => {
  it('finds exactly the lines, however they are cut', () => {
    const line = fc.string({ unit: 'binary' }).map((one) => one.replaceAll('\n', ''));
    fc.assert(
      fc.property(fc.array(line), sizes, (given, cuts) => {
        const bytes = Buffer.from(given.map((one) => one + '\n').join(''));
        const decoder = new LineDecoder();
        const lines = chunksOf(bytes, cuts).flatMap((chunk) => [...decoder.write(chunk)].map(String));
        expect(lines).toEqual(given.filter((one) => one !== '').map((one) => Buffer.from(one).toString()));
        expect(decoder.partial).toBe(false);
      }),
    );
  });
});
