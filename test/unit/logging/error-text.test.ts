import { describe, expect, it } from 'vitest';
import { errorText } from '../../../src/modules/logging/error-text.js';

describe('errorText', () => {
  const circular = new Error('round');
  circular.cause = circular;

  const errors: [name: string, error: unknown, text: string][] = [
    ['a message', new Error('gone'), 'gone'],
    ['a chain of causes', new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a: b: c'],
    ['a cause that the message repeats', new Error('a: b', { cause: new Error('b') }), 'a: b'],
    ['no message', new TypeError(''), 'TypeError'],
    ['several at once', new AggregateError([new Error('v4'), new Error('v6')]), 'v4; v6'],
    ['several with a heading', new AggregateError([new Error('v4')], 'connect'), 'connect: v4'],
    ['what is no Error', { code: 5 }, '{"code":5}'],
    ['a text', 'plain', 'plain'],
    ['nothing', undefined, 'undefined'],
    ['a cycle', circular, 'round'],
  ];
  for (const [name, error, text] of errors) {
    it(`reads ${name}`, () => {
      expect(errorText(error)).toBe(text);
    });
  }
});
