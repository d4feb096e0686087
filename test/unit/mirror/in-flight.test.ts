import { afterEach, describe, expect, it } from 'vitest';
import type { KvOp } from '../../../src/modules/etcd/kv.js';
import { EtcdFault } from '../../../src/modules/etcd/kv.js';
import { eventually } from '../../support/eventually.js';
import { FakeEtcd } from '../../support/fake-etcd.js';
import { MirrorLab } from '../../support/mirror-lab.js';

/** What changes between the sending of a transaction and its answer. */
describe('while a write is under way', () => {
  let lab: MirrorLab;
  let etcd: FakeEtcd;
  afterEach(() => lab.stop());

  const start = async (prepare: (etcd: FakeEtcd) => void = () => undefined): Promise<void> => {
    etcd = new FakeEtcd();
    prepare(etcd);
    lab = await new MirrorLab(etcd).start();
  };
  /** Sends the value as key `k` of scope a, and answers the transaction only when `meanwhile` is done. */
  const during = async (value: string, meanwhile: () => Promise<void> | void): Promise<void> => {
    let answer = (): void => undefined;
    let sent = false;
    etcd.beforeTxn = () => {
      if (sent) return Promise.resolve();
      sent = true;
      return new Promise((resolve) => (answer = resolve));
    };
    lab.set(lab.a, 'o', { k: value });
    lab.firstSync.listed(lab.a);
    await eventually(() => sent);
    await meanwhile();
    answer();
  };
  const counts = () => ({
    pending: lab.a.firstSyncPending,
    records: lab.a.records.size,
    refused: lab.a.refused,
    inFlight: lab.a.inFlight,
  });
  const tooLarge = 'x'.repeat(200);

  it('a value that may be stored follows one that is refused', async () => {
    await start((it) => (it.maxValueBytes = 100));
    await during(tooLarge, () => lab.set(lab.a, 'o', { k: 'small' }));
    await eventually(() => etcd.store.get('a/k')?.value === 'small');
    expect(counts()).toEqual({ pending: 0, records: 1, refused: 0, inFlight: 0 });
  });

  it('a key goes although its last value is refused', async () => {
    await start((it) => (it.maxValueBytes = 100));
    lab.set(lab.a, 'o', { k: 'small' });
    await eventually(() => etcd.store.has('a/k'));
    await during(tooLarge, () => lab.desired.remove(lab.a, 'o'));
    await eventually(() => !etcd.store.has('a/k'));
    await eventually(() => lab.a.records.size === 0);
    expect(counts()).toEqual({ pending: 0, records: 0, refused: 0, inFlight: 0 });
  });

  it.each(['no-space', 'other', 'unavailable'] as const)(
    'a key that is not wanted any more does not hold the first sync up when its write fails: %s',
    async (fault) => {
      await start((it) => it.faults.push(fault));
      await during('v', () => lab.desired.remove(lab.a, 'o'));
      await eventually(() => lab.synced.includes('a'));
      await eventually(() => lab.a.records.size === 0);
      expect(counts()).toEqual({ pending: 0, records: 0, refused: 0, inFlight: 0 });
      expect([...lab.leases.usage.values()].reduce((sum, keys) => sum + keys, 0)).toBe(1); // the canary
    },
  );

  it('nor does it when its lease is lost', async () => {
    await start();
    await during('v', () => {
      for (const lease of etcd.liveLeases) etcd.revoke(lease);
      lab.desired.remove(lab.a, 'o');
    });
    await eventually(() => lab.synced.includes('a'));
    expect(counts()).toEqual({ pending: 0, records: 0, refused: 0, inFlight: 0 });
  });

  it('a lease that ends before the answer comes takes its key along: it is written again before the canary', async () => {
    await start();
    const txn = etcd.txn.bind(etcd);
    etcd.txn = async (ops: readonly KvOp[]) => {
      const answer = await txn(ops);
      etcd.txn = txn;
      const leases = [...etcd.liveLeases];
      for (const lease of leases) etcd.revoke(lease);
      await lab.leases.check(leases);
      return answer;
    };
    lab.set(lab.a, 'o', { k: 'v' });
    lab.firstSync.listed(lab.a);
    await eventually(() => etcd.store.has('canary/a'));
    expect(etcd.store.get('a/k')?.value).toBe('v');
  });

  it('a scope that may not be written holds no other up, and is tried until it may', async () => {
    let forbidden = true;
    await start();
    etcd.beforeTxn = (ops) =>
      forbidden && ops.some(({ key }) => key.startsWith('b/'))
        ? Promise.reject(new EtcdFault('etcdserver: permission denied', 'permission-denied'))
        : Promise.resolve();
    for (let i = 0; i < 100; i++) {
      lab.set(lab.b, `b${i}`, { [`k${i}`]: 'v' });
      lab.set(lab.a, `a${i}`, { [`k${i}`]: 'v' });
    }
    await eventually(() => etcd.store.size === 100);
    expect([...etcd.store.keys()].every((key) => key.startsWith('a/'))).toBe(true);
    forbidden = false;
    await eventually(() => etcd.store.size === 200);
  });
});

describe('what a previous run left, while its source is away', () => {
  const secondLife = async (): Promise<MirrorLab> => {
    const first = await new MirrorLab().start();
    first.set(first.a, 'o', { k: 'v' });
    await eventually(() => first.etcd.store.has('a/k'));
    await first.stop();
    const second = await new MirrorLab(first.etcd).start();
    second.watch(second.a);
    return second;
  };

  it('comes back when somebody deletes or changes it, and goes when its source does not want it', async () => {
    const lab = await secondLife();
    const value = (): string | undefined => lab.etcd.store.get('a/k')?.value;
    lab.etcd.delete('a/k');
    await eventually(() => value() === 'v');
    lab.etcd.put('a/k', 'other', lab.etcd.store.get('a/k')?.lease);
    await eventually(() => value() === 'v');

    lab.firstSync.listed(lab.a);
    await eventually(() => value() === undefined);
    expect(lab.drift.repairs().map(({ kind }) => kind)).toEqual(['deleted', 'changed']);
    await lab.stop();
  });

  it('comes back when its lease is lost', async () => {
    const lab = await secondLife();
    const [lease = ''] = lab.etcd.liveLeases;
    lab.etcd.revoke(lease);
    await lab.leases.check([lease]);
    await eventually(() => lab.etcd.store.get('a/k')?.value === 'v');
    expect(lab.etcd.store.get('a/k')?.lease).not.toBe(lease);
    await lab.stop();
  });
});

describe('what is counted', () => {
  it('a key that comes and goes while nothing is written waits once', async () => {
    const lab = new MirrorLab();
    for (let i = 0; i < 1000; i++) {
      lab.set(lab.a, 'o', { k: 'v' });
      lab.desired.remove(lab.a, 'o');
    }
    expect(lab.a.dirty.size).toBe(1);
    await lab.start();
    await eventually(() => lab.a.records.size === 0);
    expect(lab.a.dirty.size).toBe(0);
    expect(lab.etcd.transactions).toBe(0);
    await lab.stop();
  });

  it('a repaired key counts on one lease, whoever moved it', async () => {
    const lab = await new MirrorLab().start();
    const total = (): number => [...lab.leases.usage.values()].reduce((sum, keys) => sum + keys, 0);
    for (let i = 0; i < 10; i++) lab.set(lab.a, `o${i}`, { [`k${i}`]: `${i}` });
    lab.firstSync.listed(lab.a);
    await eventually(() => lab.etcd.store.has('canary/a'));
    lab.watch(lab.a);
    const before = total();
    const lease = lab.etcd.store.get('a/k0')?.lease ?? '';

    for (let i = 0; i < 5; i++) lab.etcd.delete(`a/k${i}`);
    await eventually(() => lab.etcd.store.size === 11);
    await eventually(() => total() === before);
    expect(lab.drift.repairs()).toMatchObject([{ kind: 'deleted', count: 5 }]);

    lab.etcd.liveLeases.add('77');
    lab.etcd.put('a/k9', '9', '77');
    await eventually(() => total() === before - 1);
    lab.etcd.put('a/k9', '9', lease);
    await eventually(() => total() === before);
    await lab.stop();
  });

  it('a key that nobody wants is removed by the observation that finds it', async () => {
    const lab = await new MirrorLab().start();
    lab.set(lab.a, 'o', { k: 'v' });
    lab.firstSync.listed(lab.a);
    await eventually(() => lab.etcd.store.has('canary/a'));
    lab.etcd.liveLeases.add('77');
    lab.etcd.put('a/stray', 'x', '77');
    await lab.stored.observe(lab.a);
    await eventually(() => !lab.etcd.store.has('a/stray'));
    expect(lab.etcd.store.has('a/k')).toBe(true);
    await lab.stop();
  });
});
