import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { EtcdFault } from '../../../src/modules/etcd/kv.js';
import type { KvstoreMetrics } from '../../../src/modules/metrics/kvstore-metrics.js';
import type { LimiterMetrics } from '../../../src/modules/metrics/limiter-metrics.js';
import { WriteBudget } from '../../../src/modules/mirror/write-budget.js';
import { Writer } from '../../../src/modules/mirror/writer.js';
import { FakeEtcd } from '../../support/fake-etcd.js';
import { MirrorLab } from '../../support/mirror-lab.js';
import { eventually } from '../../support/eventually.js';
import { type LogLine, recordingLog } from '../../support/recording-log.js';

describe(Writer.name, () => {
  const labs: MirrorLab[] = [];
  const lab = async (...args: ConstructorParameters<typeof MirrorLab>): Promise<MirrorLab> => {
    const one = new MirrorLab(...args);
    labs.push(one);
    return one.start();
  };
  afterEach(async () => {
    await Promise.all(labs.splice(0).map((one) => one.stop()));
  });

  it('writes many keys in few transactions', async () => {
    const sut = await lab();
    for (let i = 0; i < 1000; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: `${i}` });
    await sut.quiet();

    expect(sut.etcd.store.size).toBe(1000);
    expect(sut.etcd.transactions).toBeLessThanOrEqual(10);
  });

  it('writes one key a transaction with etcd.maxTxnOps=1', async () => {
    const sut = await lab(undefined, { maxTxnOps: 1 });
    for (let i = 0; i < 20; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: `${i}` });
    await sut.quiet();

    expect(sut.etcd.transactions).toBe(20);
  });

  it('halves a transaction that has too many operations, and remembers', async () => {
    const etcd = new FakeEtcd();
    etcd.maxTxnOps = 10;
    const sut = await lab(etcd);
    for (let i = 0; i < 300; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: `${i}` });
    await sut.quiet();

    expect(etcd.store.size).toBe(300);
    expect(sut.writer.stageStatus()[0]?.counts['maxOperations']).toBeLessThanOrEqual(10);
  });

  it('isolates and refuses the one value that is too large; its neighbours are written', async () => {
    const etcd = new FakeEtcd();
    etcd.maxValueBytes = 100;
    const sut = await lab(etcd);
    for (let i = 0; i < 50; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: i === 17 ? 'x'.repeat(200) : `${i}` });
    await sut.quiet();

    expect(etcd.store.size).toBe(49);
    expect(sut.a.refused).toBe(1);
    sut.set(sut.a, 'o17', { k17: 'small again' });
    await sut.quiet();
    expect(etcd.store.get('a/k17')?.value).toBe('small again');
    expect(sut.a.refused).toBe(0);
  });

  it('never writes a key concurrently, and ends with the last value (I3)', async () => {
    const etcd = new FakeEtcd();
    const underWay = new Set<string>();
    let overlap = false;
    etcd.beforeTxn = async (ops) => {
      for (const op of ops) {
        overlap ||= underWay.has(op.key);
        underWay.add(op.key);
      }
      await new Promise((resolve) => setImmediate(resolve));
      for (const op of ops) underWay.delete(op.key);
    };
    const sut = await lab(etcd);
    for (let i = 0; i < 200; i++) {
      sut.set(sut.a, 'o', { k: `${i}` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sut.quiet();

    expect(overlap).toBe(false);
    expect(etcd.store.get('a/k')?.value).toBe('199');
  });

  it('gives each scope its share: a burst in one does not delay the other', async () => {
    const sut = await lab(undefined, { maxInflight: 1 });
    for (let i = 0; i < 2000; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: `${i}` });
    sut.set(sut.b, 'one', { k: 'v' });
    await eventually(() => sut.etcd.store.has('b/k'), { timeoutMs: 2000 });

    const place = sut.etcd.applied.findIndex((op) => op.key === 'b/k');
    expect(place).toBeLessThan(2 * 128);
    await sut.quiet();
  });

  it('writes express keys while the other lane is held up', async () => {
    const etcd = new FakeEtcd();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    etcd.beforeTxn = (ops) => (ops[0]?.key.startsWith('a/') ? held : Promise.resolve());
    const sut = await lab(etcd);
    for (let i = 0; i < 2000; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: `${i}` });
    sut.desired.replace(sut.desired.scope('canaries'), 'x', [{ key: 'canary/x', value: '1' }]);

    await eventually(() => etcd.store.has('canary/x'), { timeoutMs: 2000 });
    expect(etcd.store.size).toBe(1);
    release();
    await sut.quiet();
  });

  it('spreads keys over leases of bounded size and frees the slots of deleted keys', async () => {
    const sut = await lab(undefined, { leaseCapacity: 10 });
    for (let i = 0; i < 35; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: `${i}` });
    await sut.quiet();
    expect([...sut.leases.usage.values()].toSorted((x, y) => y - x)).toEqual([10, 10, 10, 5]);

    for (let i = 0; i < 20; i++) sut.desired.remove(sut.a, `o${i}`);
    await sut.quiet();
    expect([...sut.leases.usage.values()].reduce((a, b) => a + b, 0)).toBe(15);
  });

  it('writes every key again when its lease is lost, under a live lease (I5)', async () => {
    const sut = await lab(undefined, { leaseCapacity: 10 });
    for (let i = 0; i < 30; i++) sut.set(sut.a, `o${i}`, { [`k${i}`]: `${i}` });
    await sut.quiet();
    sut.watch(sut.a);

    for (const lease of sut.etcd.liveLeases) sut.etcd.revoke(lease);
    await eventually(() => sut.etcd.store.size === 30, { timeoutMs: 2000 });
    await sut.quiet();

    for (const stored of sut.etcd.store.values()) expect(sut.etcd.liveLeases.has(stored.lease)).toBe(true);
  });

  it('says once that the database is full and once that it is not, however many deletions it takes meanwhile', async () => {
    const etcd = new FakeEtcd();
    const lines: LogLine[] = [];
    const sut = await lab(etcd, { log: recordingLog(lines), maxTxnOps: 5 });
    for (let i = 0; i < 50; i++) sut.set(sut.a, `old${i}`, { [`old${i}`]: '1' });
    await sut.quiet();
    let full = true;
    etcd.beforeTxn = (ops) =>
      full && ops.some((op) => op.type === 'put')
        ? Promise.reject(new EtcdFault('database space exceeded', 'no-space'))
        : Promise.resolve();
    sut.set(sut.a, 'new', { new: '1' });
    for (let i = 0; i < 50; i++) {
      sut.desired.remove(sut.a, `old${i}`);
      await eventually(() => !etcd.store.has(`a/old${i}`));
    }
    full = false;
    await sut.quiet();

    expect(etcd.contents()).toEqual({ 'a/new': '1' });
    expect(lines.map(({ message }) => message)).toEqual([
      'Failed upserting keys in kvstore. Retrying...',
      'Writing to the kvstore works again',
    ]);
  });

  it('says once a minute of a key that is refused with ever other values', async () => {
    const etcd = new FakeEtcd();
    etcd.maxValueBytes = 100;
    const lines: LogLine[] = [];
    const sut = await lab(etcd, { log: recordingLog(lines) });
    for (let i = 0; i < 10; i++) {
      sut.set(sut.a, 'o', { k: 'x'.repeat(200 + i) });
      await eventually(() => sut.a.refused === 1);
    }
    expect(lines).toMatchObject([{ level: 'error', fields: { key: 'a/k', bytes: 200 } }]);
  });

  it('takes nothing from the budget for what is not written', async () => {
    const inFlight: number[] = [];
    const limiter = {
      rateLimit: () => undefined,
      inFlight: (requests: number) => void inFlight.push(requests),
      finished: () => undefined,
    } as unknown as LimiterMetrics;
    const budget = new WriteBudget(
      { qps: 2, maxInflight: 20 },
      systemClock,
      { propagation: () => undefined, syncError: () => undefined } as unknown as KvstoreMetrics,
      limiter,
    );
    const sut = await lab(undefined, { budget });
    for (let i = 0; i < 20; i++) {
      sut.set(sut.a, 'o', { k: '1' });
      sut.desired.remove(sut.a, 'o');
      await eventually(() => sut.a.dirty.size === 0);
    }
    expect(sut.etcd.transactions).toBe(0);
    await eventually(() => inFlight.at(-1) === 0);
    await Promise.all([budget.take(), budget.take()]);
  });

  it('still deletes while the database is full', async () => {
    const etcd = new FakeEtcd();
    const sut = await lab(etcd);
    sut.set(sut.a, 'old', { old: '1' });
    await sut.quiet();
    let full = true;
    const apply = etcd.txn.bind(etcd);
    etcd.txn = (ops) => {
      if (full && ops.some((op) => op.type === 'put')) etcd.faults.unshift('no-space');
      return apply(ops);
    };
    sut.desired.remove(sut.a, 'old');
    sut.set(sut.a, 'new', { new: '1' });

    await eventually(() => !etcd.store.has('a/old'), { timeoutMs: 2000 });
    full = false;
    await sut.quiet();
    expect(etcd.contents()).toEqual({ 'a/new': '1' });
  });
});
