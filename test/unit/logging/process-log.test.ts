import { describe, expect, it } from 'vitest';
import { createLog, type LogSettings, type ProcessLog } from '../../../src/modules/logging/process-log.js';

const now = Date.parse('2026-11-24T10:00:00.987Z');

function setUp(settings: Partial<LogSettings> = {}): { log: ProcessLog; lines: string[] } {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  return { log: createLog({ format: 'logfmt', debug: false, ...settings }, sink, () => now), lines };
}

describe('createLog', () => {
  it('writes every level under the name that logrus gives it', () => {
    const { log, lines } = setUp({ debug: true });

    for (const level of ['debug', 'info', 'warn', 'error', 'fatal'] as const) log[level]('x');

    expect(lines).toEqual(
      ['debug', 'info', 'warning', 'error', 'fatal'].map(
        (level) => `time="2026-11-24T10:00:00Z" level=${level} msg=x\n`,
      ),
    );
  });

  it('keeps debug lines back unless asked for', () => {
    const { log, lines } = setUp();

    log.debug('hidden');

    expect(lines).toEqual([]);
  });

  it('names the subsystem, the innermost once', () => {
    const { log, lines } = setUp({ format: 'json' });

    log.child('etcd').child('lease').info('granted', { lease: '7' });

    expect(lines).toEqual([
      '{"level":"info","time":"2026-11-24T10:00:00Z","subsys":"lease","lease":"7","msg":"granted"}\n',
    ]);
  });
  it('shows an error with its causes and without a stack', () => {
    const { log, lines } = setUp();

    log.error('Write failed', { error: new Error('put', { cause: new Error('no leader') }) });

    expect(lines).toEqual([
      'time="2026-11-24T10:00:00Z" level=error msg="Write failed" error="put: no leader"\n',
    ]);
  });

  it('adds the stack in debug', () => {
    const { log, lines } = setUp({ debug: true });

    log.error('Write failed', { error: new Error('put') });

    expect(lines[0]).toMatch(/error=put stack="Error: put\\n +at /);
  });

  it('carries what JSON cannot', () => {
    const { log, lines } = setUp();

    log.info('x', {
      big: 9007199254740993n,
      set: new Set(['a', 'b']),
      map: new Map([['k', 1]]),
      gone: undefined,
    });

    expect(lines[0]).toContain('msg=x big=9007199254740993 map="{\\"k\\":1}" set="[a b]"\n');
  });

  it('keeps a field from taking the place of the time, level or message', () => {
    const { log, lines } = setUp();

    log.info('x', { msg: 'y', level: 'z' });

    expect(lines[0]).toContain('level=info msg=x fields.level=z fields.msg=y\n');
  });
});
