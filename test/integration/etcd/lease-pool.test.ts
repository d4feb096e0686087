import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EtcdLeasePool } from '../../../src/modules/etcd/lease-pool.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdLab } from '../../support/etcd-lab.js';
import { eventually } from '../../support/eventually.js';

describe(EtcdLeasePool.name, () => {
  let etcd: TestEtcd;
  let lab: EtcdLab;
  let lost: string[];

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  beforeEach(async () => {
    lab = await EtcdLab.start({ address: etcd.endpoint, leaseTtlMs: 3000 });
    lost = [];
    lab.leases.onLost((lease) => lost.push(lease));
  });
  afterEach(() => lab.stop());
  afterAll(() => etcd.stop());

  const granted = async (): Promise<string> => {
    await lab.leases.grow();
    return lab.leases.take()!;
  };

  /** A renewal that late is behind the TTL of what was granted before. */
  const renewedLater = (ms: number): Promise<unknown> => {
    const from = Date.now();
    return eventually(() => lab.leases.stageStatus()[0]!.counts['lastRenewalAt']! > from + ms, {
      everyMs: 50,
    });
  };

  it('keeps a lease alive beyond its TTL', async () => {
    const lease = await granted();
    await etcd.client().put('t/kept', 'v', lease);
    lab.spawn((signal) => lab.leases.run(signal));
    await renewedLater(3500);
    expect(await etcd.client().get('t/kept')).toBe('v');
    expect(lab.leases.isLive(lease)).toBe(true);
    expect(lost).toEqual([]);
  });

  it('hears from the keep-alive that a lease was revoked', async () => {
    const lease = await granted();
    lab.spawn((signal) => lab.leases.run(signal));
    await etcd.client().revoke(lease);
    await eventually(() => lost.length > 0);
    expect(lost).toEqual([lease]);
    expect(lab.leases.isLive(lease)).toBe(false);
    expect(lab.leases.take()).toBeUndefined();
  });

  it('finds dead leases when asked, and tells once', async () => {
    const [dead, alive] = [await granted(), await granted()];
    await lab.leases.grow();
    await etcd.client().revoke(dead);
    expect(await lab.leases.check([dead, alive, '0', '4242'])).toEqual(new Set([dead, '4242']));
    await lab.leases.check([dead]);
    expect(lost).toEqual([dead]);
  });

  it('takes over leases of a previous run that live and have our TTL', async () => {
    const ours = await etcd.client().grant(3);
    const foreign = await etcd.client().grant(25);
    expect(await lab.leases.adopt([ours, foreign, '4242'])).toEqual(new Set([ours]));
    for (let keys = 0; keys < 999; keys++) lab.leases.bind(ours);
    expect(lab.leases.take()).toBe(ours);
    expect(lab.leases.take()).toBeUndefined();
    await etcd.client().put('t/adopted', 'v', ours);
    lab.spawn((signal) => lab.leases.run(signal));
    await renewedLater(3500);
    expect(await etcd.client().get('t/adopted')).toBe('v');
  });

  it('revokes nothing when it stops', async () => {
    const lease = await granted();
    lab.spawn((signal) => lab.leases.run(signal));
    await lab.stop();
    expect(await etcd.client().leases()).toContain(lease);
  });
});

describe(`${EtcdLeasePool.name} in an outage`, () => {
  it('gives leases up when their TTL has passed, and grants new ones afterwards', async () => {
    const etcd = await startEtcd();
    const lab = await EtcdLab.start({ address: etcd.endpoint, leaseTtlMs: 2000 });
    const lost: string[] = [];
    lab.leases.onLost((lease) => lost.push(lease));
    await lab.leases.grow();
    const lease = lab.leases.take()!;
    lab.spawn((signal) => lab.leases.run(signal));
    await etcd.kill();
    await eventually(() => lost.length > 0);
    expect(lost).toEqual([lease]);
    expect(lab.leases.stageStatus()[0]).toMatchObject({ state: 'retrying', healthy: false });
    await expect(lab.leases.grow()).rejects.toMatchObject({ kind: 'unavailable' });
    await etcd.restart();
    await eventually(() => lab.leases.grow().then(() => true));
    expect(lab.leases.take()).toEqual(expect.any(String));
    await lab.stop();
    await etcd.stop();
  });
});
