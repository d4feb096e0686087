import { describe, expect, it } from 'vitest';
import { bytesOf, textOf } from '../../../src/common/bytes.js';
import { mapText, quote, sortByBytes, stringMapText } from '../../../src/common/go-json.js';

describe(quote.name, () => {
  const table: [string, string][] = [
    ['plain-text/1.2', '"plain-text/1.2"'],
    ['', '""'],
    ['"\\', '"\\"\\\\"'],
    ['<>&', '"\\u003c\\u003e\\u0026"'],
    ['\u2028\u2029', '"\\u2028\\u2029"'],
    ['\n\r\t\b\f', '"\\n\\r\\t\\b\\f"'],
    ['\u0000\u0001\u001f', '"\\u0000\\u0001\\u001f"'],
    ['/\u007f\u0085é😀', '"/\u007f\u0085é😀"'],
  ];
  for (const [text, quoted] of table) {
    it(`prints ${JSON.stringify(text)} as Go does`, () => expect(quote(text)).toBe(quoted));
  }

  it('becomes U+FFFD where JavaScript has a lone surrogate', () => {
    expect(textOf(bytesOf(quote('a\ud800b')))).toBe('"a\ufffdb"');
  });
});

describe(sortByBytes.name, () => {
  it('sorts by UTF-8 bytes, not by UTF-16 units', () => {
    expect(sortByBytes(['😀', '\uff21', 'z', 'A', '10', '9', ''])).toEqual([
      '',
      '10',
      '9',
      'A',
      'z',
      '\uff21',
      '😀',
    ]);
  });
});

describe('maps', () => {
  it('keep integer-like names in byte order', () => {
    const map = new Map(Object.entries({ b: 'x', '1': 'y', '-': 'z', '<': '&' }));

    expect(stringMapText(map)).toBe('{"-":"z","1":"y","\\u003c":"\\u0026","b":"x"}');
  });

  it('print names of which JavaScript thinks otherwise', () => {
    const map = new Map(
      Object.entries(JSON.parse('{"__proto__":"p","constructor":"c"}') as Record<string, string>),
    );

    expect(stringMapText(map)).toBe('{"__proto__":"p","constructor":"c"}');
  });

  it('take their values as JSON', () => {
    expect(
      mapText(
        new Map([
          ['b', '{}'],
          ['a', '1'],
        ]),
      ),
    ).toBe('{"a":1,"b":{}}');
    expect(mapText(new Map())).toBe('{}');
    expect(stringMapText(new Map())).toBe('{}');
  });
});
