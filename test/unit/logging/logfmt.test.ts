import { describe, expect, it } from 'vitest';
import { logfmtLine } from '../../../src/modules/logging/logfmt.js';

describe('logfmtLine', () => {
  it('puts time, level and msg first and sorts the fields', () => {
    const record = { zeta: 1, level: 'info', alpha: true, msg: 'Started', time: '2026-11-24T10:00:00Z' };

    expect(logfmtLine(record)).toBe('time="2026-11-24T10:00:00Z" level=info msg=Started alpha=true zeta=1\n');
  });

  const values: [name: string, value: unknown, written: string][] = [
    ['a bare word', 'alpha-1.2_3/4@5^6+7', 'alpha-1.2_3/4@5^6+7'],
    ['nothing, as logrus', '', ''],
    ['a space', 'two words', '"two words"'],
    ['a colon', '127.0.0.1:2379', '"127.0.0.1:2379"'],
    ['an equals sign', 'a=b', '"a=b"'],
    ['quotes and backslashes', 'say "hi" \\', '"say \\"hi\\" \\\\"'],
    ['line ends, which never break a line in two', 'a\nb\r\tc', '"a\\nb\\r\\tc"'],
    ['control characters', '\u0000\u001b[31m', '"\\x00\\x1b[31m"'],
    ['the C1 range and line separators', '\u0085\u2028', '"\\u0085\\u2028"'],
    ['other alphabets as they are', 'Zürich', '"Zürich"'],
    ['a number', 42, '42'],
    ['false', false, 'false'],
    ['null', null, 'null'],
    ['a list, as Go prints it', ['a', 'b'], '"[a b]"'],
    ['an object', { a: 1 }, '"{\\"a\\":1}"'],
  ];
  for (const [name, value, written] of values) {
    it(`writes ${name}`, () => {
      expect(logfmtLine({ time: 't', level: 'info', msg: 'm', field: value })).toBe(
        `time=t level=info msg=m field=${written}\n`,
      );
    });
  }
});
