import { describe, expect, it } from 'vitest';
import { JsonListDecoder, type ListMetadata } from '../../../src/modules/kubernetes/json-list-decoder.js';

function decode(body: string): { items: string[]; metadata: ListMetadata } {
  const items: string[] = [];
  const decoder = new JsonListDecoder((bytes) => items.push(bytes.toString('utf8')));
  decoder.write(Buffer.from(body));
  return { items, metadata: decoder.end() };
}

describe(JsonListDecoder, () => {
  it('gives the bytes of each item and the metadata', () => {
    const body =
      '{"kind":"List","metadata":{"resourceVersion":"7","continue":"x"},"items":[{"a":"}\\\\\\""}, {"b":[1]}]}\n';
    expect(decode(body)).toEqual({
      items: ['{"a":"}\\\\\\""}', '{"b":[1]}'],
      metadata: { resourceVersion: '7', continue: 'x' },
    });
  });

  it('takes an empty list, null items, and an empty continue', () => {
    expect(decode('{"items":[],"metadata":{"resourceVersion":"7","continue":""}}')).toEqual({
      items: [],
      metadata: { resourceVersion: '7' },
    });
    expect(decode('{"metadata":{"resourceVersion":"7"},"items":null}').items).toEqual([]);
  });

  const bad: Record<string, string> = {
    'nothing at all': '',
    'a list without items': '{"metadata":{"resourceVersion":"7"}}',
    'a list without metadata': '{"items":[]}',
    'an object for items': '{"metadata":{},"items":{}}',
    'another body': '<html>',
    'something after the end': '{"metadata":{},"items":[]}{',
    'no closing brace': '{"metadata":{},"items":[]',
  };
  for (const [name, body] of Object.entries(bad)) {
    it(`refuses ${name}`, () => {
      expect(() => decode(body)).toThrow(expect.objectContaining({ name: 'ListBodyError' }) as Error);
    });
  }

  it('copies no item that lies within one chunk', () => {
    const chunk = Buffer.from('{"metadata":{},"items":[{"a":1}]}');
    let item: Buffer | undefined;
    new JsonListDecoder((bytes) => (item = bytes)).write(chunk);
    expect(item?.buffer).toBe(chunk.buffer);
  });
});
