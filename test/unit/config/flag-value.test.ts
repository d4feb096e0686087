import { describe, expect, it } from 'vitest';
import type { FlagType } from '../../../src/modules/config/flag.js';
import { textOfValue, valueOfArguments, valueOfText } from '../../../src/modules/config/flag-value.js';

const syntax = (what: string, text: string): string => `strconv.${what}: parsing "${text}": invalid syntax`;
const range = (what: string, text: string): string =>
  `strconv.${what}: parsing "${text}": value out of range`;

describe('valueOfArguments', () => {
  const good: [type: FlagType, texts: string[], value: unknown][] = [
    ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text): [FlagType, string[], boolean] => [
      'bool',
      [text],
      true,
    ]),
    ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text): [FlagType, string[], boolean] => [
      'bool',
      [text],
      false,
    ]),
    ['uint32', ['4294967295'], 4_294_967_295],
    ['uint32', ['010'], 8],
    ['uint32', ['0o17'], 15],
    ['uint32', ['0b101'], 5],
    ['uint32', ['1_000'], 1000],
    ['uint32', ['0'], 0],
    ['uint16', ['65535'], 65_535],
    ['int', ['-5'], -5],
    ['int', ['+0x1F'], 31],
    ['float', ['2.5e1'], 25],
    ['float', ['-.5'], -0.5],
    ['duration', ['1h1m1.5s'], 3_661_500],
    ['duration', ['0'], 0],
    ['list', ['a,"b,c",', ''], ['a', 'b,c', '']],
    ['list', ['"say ""x"""'], ['say "x"']],
    ['kvmap', ['a=b'], { a: 'b' }],
    ['kvmap', ['a=b,c'], { a: 'b,c' }],
    ['kvmap', ['a=b,c=d', 'a=e'], { a: 'e', c: 'd' }],
    ['kvmap', ['"a=b,c=d",e='], { a: 'b,c=d', e: '' }],
  ];
  for (const [type, texts, value] of good) {
    it(`reads ${type} ${texts.join(' and ')}`, () => {
      expect(valueOfArguments(type, texts)).toEqual(value);
    });
  }

  const bad: [type: FlagType, text: string, message: string][] = [
    ['bool', 'no', syntax('ParseBool', 'no')],
    ['bool', 'toString', syntax('ParseBool', 'toString')],
    ['bool', '', syntax('ParseBool', '')],
    ['uint32', '-1', syntax('ParseUint', '-1')],
    ['uint32', '+1', syntax('ParseUint', '+1')],
    ['uint32', '$(CLUSTER_ID)', syntax('ParseUint', '$(CLUSTER_ID)')],
    ['uint32', '08', syntax('ParseUint', '08')],
    ['uint32', '1.0', syntax('ParseUint', '1.0')],
    ['uint32', '4294967296', range('ParseUint', '4294967296')],
    ['uint16', '65536', range('ParseUint', '65536')],
    ['int', '9223372036854775808', range('ParseInt', '9223372036854775808')],
    ['int', '', syntax('ParseInt', '')],
    ['float', 'x', syntax('ParseFloat', 'x')],
    ['float', '1e999', range('ParseFloat', '1e999')],
    ['duration', '5', 'time: missing unit in duration "5"'],
    ['list', 'a"b', 'parse error in "a\\"b": bare " in non-quoted field'],
    ['kvmap', 'a', 'a must be formatted as key=value'],
    ['kvmap', 'a=b,c=d,e', 'e must be formatted as key=value'],
  ];
  for (const [type, text, message] of bad) {
    it(`refuses ${type} ${text}`, () => {
      expect(() => valueOfArguments(type, [text])).toThrow(new Error(message));
    });
  }
});

describe('valueOfText', () => {
  const maps: [text: string, value: object][] = [
    ['', {}],
    ['a=b, c=d', { a: 'b', c: 'd' }],
    ['a=b,c,d=e', { a: 'b,c', d: 'e' }],
    ['a=b=c', { a: 'b=c' }],
    ['{"a":"b,c"}', { a: 'b,c' }],
    ['{}', {}],
  ];
  for (const [text, value] of maps) {
    it(`reads the map ${text}`, () => {
      expect(valueOfText('kvmap', text)).toEqual(value);
    });
  }

  for (const text of ['a', '{"a":1}', '{"a"', '{"a":["b"]}']) {
    it(`refuses the map ${text}`, () => {
      expect(() => valueOfText('kvmap', text)).toThrow(/JSON|formatted|string/);
    });
  }
});

describe('textOfValue', () => {
  const texts: [type: FlagType, text: string][] = [
    ['string', 'x y'],
    ['bool', 'true'],
    ['uint32', '3'],
    ['float', '0.5'],
    ['duration', '1m30s'],
    ['list', 'a,b'],
    ['list', ''],
    ['kvmap', 'a=b,c=d'],
  ];
  for (const [type, text] of texts) {
    it(`gives ${type} '${text}' back`, () => {
      expect(textOfValue(type, valueOfText(type, text))).toBe(text);
    });
  }
});
