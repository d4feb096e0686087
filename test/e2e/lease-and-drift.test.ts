import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { RealLab } from '../support/real-lab.js';

/** One key of every sort that the program keeps. */
const kept = [
  'cilium/state/identities/v1/id/200001',
  'cilium/state/nodes/v1/east/node-1',
  'cilium/state/ip/v1/default/10.64.0.1',
  'cilium/state/services/v1/east/sample/service-1',
  'cilium/synced/east/cilium/state/identities/v1',
  'cilium/synced/east/cilium/state/nodes/v1',
  'cilium/synced/east/cilium/state/ip/v1',
  'cilium/synced/east/cilium/state/services/v1',
  'cilium/cluster-config/east',
  'cilium/.heartbeat',
];
const withTimestamp = (key: string): boolean =>
  key.startsWith('cilium/synced/') || key === 'cilium/.heartbeat';

describe('etcd in other hands', () => {
  let lab: RealLab;

  beforeAll(async () => {
    lab = await RealLab.start();
  });
  afterEach(() => lab.reset());
  afterAll(() => lab.stop());

  const populate = async (): Promise<void> => {
    await lab.cluster.fill(40);
    await lab.startServer();
    await lab.expectState();
  };

  /** The keys of `cilium/`, without those of locks, sorted. */
  const allKeys = async (): Promise<string[]> =>
    [...(await lab.stored('cilium/')).keys()].filter((key) => !key.startsWith('cilium/.initlock/'));

  // Difference 2: the original takes up to a minute, two for the heartbeat, five for the cluster configuration.
  it('has every key back within a second when all leases are revoked', async () => {
    await populate();
    const before = await allKeys();
    const leases = new Set([...(await lab.stored('cilium/')).values()].map(({ lease }) => lease));
    expect(leases.has('0')).toBe(false);
    const began = performance.now();

    for (const lease of leases) await lab.probe.revoke(lease);
    await eventually(async () => (await allKeys()).join() === before.join(), {
      everyMs: 2,
      what: 'every key back',
    });

    expect(performance.now() - began).toBeLessThan(1_000);
    await lab.expectState();
    expect(before).toEqual(expect.arrayContaining(kept));
  });

  // Difference 3, here and in the next ones: the original never looks.
  it.each(kept)('brings %s back within a second when somebody deletes it', async (key) => {
    await populate();
    const before = await lab.probe.get(key);
    const began = performance.now();

    await lab.probe.delete(key);
    const after = await eventually(() => lab.probe.get(key), { everyMs: 2, what: `${key} back` });

    expect(performance.now() - began).toBeLessThan(1_000);
    if (!withTimestamp(key)) expect(after).toBe(before);
    expect((await lab.probe.entry(key))?.lease).not.toBe('0');
  });

  it.each(kept.filter((key) => !withTimestamp(key)))(
    'repairs %s within a minute when somebody changes it',
    async (key) => {
      await populate();
      const before = await lab.probe.get(key);

      await lab.probe.put(key, 'not what Kubernetes says');
      await eventually(async () => (await lab.probe.get(key)) === before, {
        timeoutMs: 60_000,
        what: `${key} right`,
      });

      expect((await lab.probe.entry(key))?.lease).not.toBe('0');
      await lab.expectState();
    },
  );

  it('gives a key that somebody put again without a lease its lease back', async () => {
    await populate();
    const [key] = kept as [string];
    const value = (await lab.probe.get(key))!;

    await lab.probe.put(key, value);

    const leased = async (): Promise<boolean> => (await lab.probe.entry(key))?.lease !== '0';
    expect(await eventually(leased, { timeoutMs: 60_000, what: `a lease for ${key}` })).toBe(true);
  });

  it('leaves alone what somebody else puts beside it without a lease', async () => {
    await populate();
    const foreign = 'cilium/state/nodes/v1/east/of-a-stranger';

    await lab.probe.put(foreign, 'not ours');

    await lab.expectState({ ...lab.cluster.keys, [foreign]: 'not ours' });
  });
});
