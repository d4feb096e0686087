import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { dieOfEarlySignals, serveUntilSignal, waitForSignal } from '../../../src/cli/shutdown.js';
import { type Clock, systemClock } from '../../../src/common/clock.js';
import { createLog } from '../../../src/modules/logging/process-log.js';

class Signals extends EventEmitter {
  listening(): number {
    return this.listenerCount('SIGTERM') + this.listenerCount('SIGINT');
  }
}

function setUp(): { signals: Signals; lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line.slice(28, -1)) };
  return { signals: new Signals(), lines, log: createLog({ format: 'logfmt', debug: false }, sink, () => 0) };
}

describe('serveUntilSignal', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops in order at ${signal} and exits with 0`, async () => {
      const { signals, lines, log } = setUp();
      const code = serveUntilSignal({ log, signals, stop: () => Promise.resolve(log.info('Stopped')) });

      signals.emit(signal);

      expect(await code).toBe(0);
      expect(lines).toEqual([
        `level=info msg="Signal received" signal=${signal}`,
        'level=info msg=Stopping',
        'level=info msg=Stopped',
      ]);
    });
  }

  it('leaves a second signal to the system, so that stopping can be cut short', async () => {
    const { signals, log } = setUp();
    const code = serveUntilSignal({ log, signals, stop: () => Promise.resolve() });

    signals.emit('SIGTERM');

    expect(signals.listening()).toBe(0);
    await code;
  });

  it('gives up after a minute', async () => {
    const { signals, lines, log } = setUp();
    const slept: number[] = [];
    const clock: Clock = { ...systemClock, sleep: (ms) => Promise.resolve(void slept.push(ms)) };
    const code = serveUntilSignal({ log, signals, clock, stop: () => new Promise(() => undefined) });

    signals.emit('SIGTERM');

    expect(await code).toBe(1);
    expect(slept).toEqual([60_000]);
    expect(lines.at(-1)).toBe('level=error msg="Failed to stop" error="still not stopped after 60000 ms"');
  });

  it('reports a stop that fails', async () => {
    const { signals, lines, log } = setUp();
    const code = serveUntilSignal({ log, signals, stop: () => Promise.reject(new Error('stuck')) });

    signals.emit('SIGINT');

    expect(await code).toBe(1);
    expect(lines.at(-1)).toBe('level=error msg="Failed to stop" error=stuck');
  });
});

describe('dieOfEarlySignals', () => {
  afterEach(() => {
    void waitForSignal(new Signals());
  });

  it('ends the first process of a container as the system ends any other', () => {
    const codes: number[] = [];
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const signals = new Signals();
      dieOfEarlySignals((code) => codes.push(code), signals);
      signals.emit(signal);
    }

    expect(codes).toEqual([143, 130]);
  });

  it('is over when everything is started', async () => {
    const codes: number[] = [];
    const signals = new Signals();
    dieOfEarlySignals((code) => codes.push(code), signals);

    const received = waitForSignal(signals);
    signals.emit('SIGTERM');

    expect(await received).toBe('SIGTERM');
    expect(codes).toEqual([]);
  });
});
