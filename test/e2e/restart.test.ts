import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StoredKey } from '../support/snapshot.js';
import { RealLab } from '../support/real-lab.js';

const stranger = 'cilium/state/identities/v1/id/of-a-stranger';

describe('a restart', () => {
  let lab: RealLab;

  beforeAll(async () => {
    lab = await RealLab.start();
  });
  afterEach(() => lab.reset());
  afterAll(() => lab.stop());

  /** Everything that says what agents read: state and cluster configuration. */
  const published = async (): Promise<Map<string, StoredKey>> =>
    new Map([...(await lab.state()), ...(await lab.stored('cilium/cluster-config/'))]);

  const ends = [
    { how: 'after SIGTERM', end: 'stop' },
    { how: 'after SIGKILL', end: 'kill' },
  ] as const;

  it.each(ends)('$how with nothing changed rewrites no key', async ({ end }) => {
    await lab.cluster.fill(60);
    const first = await lab.startServer();
    await lab.expectState();
    const before = await published();

    await first[end]();
    await lab.startServer();
    await lab.expectState();

    expect(before.size).toBe(5 * 60 + 1);
    expect(await published()).toEqual(before);
  });

  it('ends with code 0 on SIGTERM and leaves its keys and leases', async () => {
    await lab.cluster.fill(5);
    const server = await lab.startServer();
    await lab.expectState();
    const before = await published();

    const exit = await server.stop();

    expect(exit).toEqual({ code: 0, signal: null });
    expect(server.stdoutLines).toEqual([]);
    expect(await published()).toEqual(before);
  });

  it('has removed what disappeared meanwhile when it is ready', async () => {
    await lab.cluster.fill(20);
    const first = await lab.startServer();
    await lab.expectState();
    await first.kill();
    await Promise.all([
      lab.cluster.delete('identity', 3),
      lab.cluster.delete('node', 4),
      lab.cluster.delete('endpoint', 5),
      lab.cluster.delete('service', 6),
      lab.cluster.set('endpoint', 7),
      lab.cluster.set('identity', 50),
    ]);
    const untouched = 'cilium/state/identities/v1/id/200001';
    const before = await lab.probe.entry(untouched);

    await lab.startServer();
    const keys = (await lab.state()).keys();

    expect([...keys].toSorted()).toEqual(Object.keys(lab.cluster.keys).toSorted());
    await lab.expectState();
    expect(await lab.probe.entry(untouched)).toEqual(before);
  });

  it('leaves alone what somebody else put without a lease', async () => {
    await lab.cluster.fill(3);
    await lab.probe.put(stranger, 'not ours');

    await lab.startServer();

    await lab.expectState({ ...lab.cluster.keys, [stranger]: 'not ours' });
  });

  it('keeps the leases of the previous run alive', async () => {
    const ttlSeconds = 5;
    const args = [`--kvstore-lease-ttl=${String(ttlSeconds)}s`];
    await lab.cluster.fill(10);
    const first = await lab.startServer({ args });
    await lab.expectState();
    await first.kill();
    await lab.startServer({ args });
    const before = await published();

    // Nothing can be waited for but that nothing happens: look at the keys for twice the time that their lease had left.
    const until = performance.now() + 2 * ttlSeconds * 1000;
    let seen = before;
    while (performance.now() < until && seen.size === before.size) seen = await published();

    expect(seen).toEqual(before);
  });
});
