import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHeartbeat } from '../../../src/modules/kubernetes/heartbeat.js';
import { KubeError, type KubeRequestOptions } from '../../../src/modules/kubernetes/kube-api.js';
import { recordingLog } from '../../support/reflector-lab.js';
import { ManualClock } from '../common/manual-clock.js';
import { StubApi } from './stub-api.js';

describe(runHeartbeat, () => {
  let api: StubApi;
  let clock: ManualClock;
  let recorded: ReturnType<typeof recordingLog>;
  let closed: number;
  let beats: (KubeError | undefined)[];
  let abort: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    api = new StubApi();
    api.answers.set('/healthz', 'ok');
    clock = new ManualClock();
    recorded = recordingLog();
    closed = 0;
    beats = [];
    abort = new AbortController();
  });

  afterEach(async () => {
    abort.abort();
    await running;
  });

  const run = (timeoutMs = 30_000): void => {
    const closeIdle = (): void => void closed++;
    const onBeat = (failure: KubeError | undefined): void => void beats.push(failure);
    running = runHeartbeat({ api, timeoutMs, clock, log: recorded.log, closeIdle, onBeat }, abort.signal);
  };

  it('asks at once and every period', async () => {
    run();
    await clock.advance(60_000);
    expect(api.requests).toEqual(['/healthz', '/healthz', '/healthz']);
    expect(beats).toEqual([undefined, undefined, undefined]);
    expect(closed).toBe(0);
  });

  it('keeps its period when an answer takes long', async () => {
    api.answers.set('/healthz', async ({ signal }: KubeRequestOptions) => {
      await clock.sleep(20_000, signal);
      return 'ok';
    });
    run();
    await clock.advance(79_000);
    expect(api.requests).toHaveLength(3);
  });

  const failures: [string, KubeError, string][] = [
    [
      'an error',
      new KubeError('bad', 500, ''),
      'Network status error received, restarting client connections',
    ],
    ['no answer', new KubeError('late', 0, 'Timeout'), 'Heartbeat timed out, restarting client connections'],
  ];
  for (const [name, failure, line] of failures) {
    it(`closes idle connections after ${name}`, async () => {
      api.answers.set('/healthz', failure);
      run();
      await clock.advance(0);
      expect(closed).toBe(1);
      expect(beats).toEqual([failure]);
      expect(recorded.lines).toEqual([{ level: 'warn', message: line, fields: { error: failure } }]);
    });
  }

  it('takes too many requests for an answer', async () => {
    api.answers.set('/healthz', new KubeError('wait', 429, ''));
    run();
    await clock.advance(0);
    expect(closed).toBe(0);
    expect(beats).toEqual([undefined]);
  });

  it('is off with a timeout of 0', async () => {
    run(0);
    await running;
    expect(api.requests).toEqual([]);
  });
});
