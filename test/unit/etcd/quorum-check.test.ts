import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EtcdFault, type KvEntry } from '../../../src/modules/etcd/kv.js';
import { QuorumCheck } from '../../../src/modules/etcd/quorum-check.js';
import { ManualClock } from '../common/manual-clock.js';

describe(QuorumCheck.name, () => {
  let clock: ManualClock;
  let errors: string[];
  let readFault: EtcdFault | undefined;
  let probeFault: EtcdFault | undefined;
  let heartbeat: KvEntry | undefined;
  let reads: number[];
  let check: QuorumCheck;
  let abort: AbortController;
  let running: Promise<void> | undefined;

  beforeEach(() => {
    clock = new ManualClock();
    [errors, reads] = [[], []];
    [readFault, probeFault, heartbeat] = [undefined, undefined, undefined];
    check = new QuorumCheck({
      kv: {
        get: (key) => {
          expect(key).toBe('cilium/.heartbeat');
          reads.push(clock.monotonic());
          return readFault ? Promise.reject(readFault) : Promise.resolve(heartbeat);
        },
      },
      probe: () => (probeFault ? Promise.reject(probeFault) : Promise.resolve()),
      clock,
      onError: (error) => errors.push(error),
      maxConsecutiveErrors: 2,
    });
    abort = new AbortController();
    running = undefined;
  });
  afterEach(async () => {
    abort.abort();
    await running;
  });

  /** Runs the check from now on, for so long. */
  const run = (ms: number): Promise<void> => {
    running ??= check.run(abort.signal);
    return clock.advance(ms);
  };
  const beat = (modRevision: number): void => {
    heartbeat = { key: 'cilium/.heartbeat', value: 'now', lease: '1', modRevision };
  };
  const status = (): ReturnType<QuorumCheck['stageStatus']>[number] => check.stageStatus()[0]!;

  it('asks every 30 s', async () => {
    await run(60_000);
    expect(reads).toEqual([0, 30_000, 60_000]);
    expect(errors).toEqual([]);
    expect(status()).toMatchObject({ name: 'etcd/quorum', state: 'quorum', healthy: true });
  });

  it('asks every 5 s while it fails, and is unhealthy after more failures than allowed', async () => {
    readFault = new EtcdFault('no leader', 'unavailable');
    await run(5000);
    expect(status()).toMatchObject({ state: 'no-quorum', healthy: true, counts: { consecutiveErrors: 2 } });
    await run(5000);
    expect(status()).toMatchObject({ healthy: false, lastError: { message: 'no leader' } });
    expect(errors).toEqual(['lock timeout', 'lock timeout', 'lock timeout']);
    readFault = undefined;
    await run(5000);
    expect(status()).toMatchObject({ state: 'quorum', healthy: true, counts: { consecutiveErrors: 0 } });
    expect(reads).toEqual([0, 5000, 10_000, 15_000]);
  });

  it('takes a refused permission for a proof, as etcd looks at it only after the quorum', async () => {
    readFault = new EtcdFault('etcdserver: permission denied', 'permission-denied');
    await run(30_000);
    expect(errors).toEqual([]);
  });

  it('counts a member that does not answer', async () => {
    probeFault = new EtcdFault('deadline', 'timeout');
    await run(0);
    expect(errors).toEqual(['timeout']);
  });

  it('misses a heartbeat that was seen and then stands still for two minutes', async () => {
    beat(5);
    await run(120_000);
    expect(errors).toEqual([]);
    await run(30_000);
    expect(errors).toEqual(['no event received']);
    beat(6);
    await run(5000);
    expect(status().state).toBe('quorum');
  });

  it('does not miss a heartbeat that was never there', async () => {
    await run(300_000);
    expect(errors).toEqual([]);
  });
});
