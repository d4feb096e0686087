import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import { IdentityAllocator } from '../../../src/modules/identity-allocator/identity-allocator.js';
import { IdentityIndex } from '../../../src/modules/identity-allocator/identity-index.js';
import { eventually } from '../../support/eventually.js';
import { FakeIdentities } from '../../support/fake-identities.js';

const range = { min: 1000, max: 1063 };
const labels = (app: string): Record<string, string> => ({ 'k8s:app': app });

describe(IdentityAllocator.name, () => {
  let abort: AbortController;
  let server: FakeIdentities;
  let index: IdentityIndex;
  let outcomes: string[];
  let sut: IdentityAllocator;

  beforeEach(() => {
    abort = new AbortController();
    server = new FakeIdentities();
    index = new IdentityIndex(range);
    outcomes = [];
    sut = new IdentityAllocator({
      api: server.api,
      index,
      range,
      clock: systemClock,
      log: silentLog,
      random: () => 0,
      onAllocation: (outcome) => outcomes.push(outcome),
      seenWithinMs: 500,
    });
    server.watch(index);
  });
  afterEach(() => abort.abort());

  const acquire = (app: string, owner = app): Promise<number> =>
    sut.acquire(owner, labels(app), new AbortController().signal);
  const run = (): void => void sut.run(abort.signal);

  it('creates one identity for many owners at once, then uses it again', async () => {
    const numbers = await Promise.all([acquire('a', 'x'), acquire('a', 'y'), acquire('a', 'z')]);

    expect(new Set(numbers).size).toBe(1);
    expect(await acquire('a', 'w')).toBe(numbers[0]);
    expect(server.requests).toEqual([`POST ${numbers[0]}`]);
    expect(outcomes).toEqual(['created', 'reused']);
  });

  it('chooses the oldest of equal identities, then the lowest number, and none out of range', async () => {
    server.create(5, labels('a'));
    server.nextSecond();
    server.create(1040, labels('a'));
    server.create(1030, labels('a'));
    server.nextSecond();
    server.create(1001, labels('a'));
    await server.settled();

    expect(await acquire('a')).toBe(1030);
    server.delete(1030);
    await server.settled();
    expect(await acquire('a')).toBe(1040);
    expect(server.requests).toEqual([]);
  });

  it('gives no number twice when a create has no answer, and finds its own again', async () => {
    server.faults.push('lost');
    await expect(acquire('a')).rejects.toThrow('no answer');
    const others = await Promise.all(Array.from({ length: 40 }, (_, i) => acquire(`b${i}`)));

    const number = await acquire('a');

    expect(others).not.toContain(number);
    expect(server.objects.size).toBe(41);
  });

  it('tells when the range is exhausted, and goes on when a number is freed', async () => {
    for (let number = range.min; number <= range.max; number++) server.create(number, labels(`${number}`));
    server.create(99, labels('out of range'));
    await server.settled();
    await expect(acquire('a')).rejects.toThrow('no free identity is left in 1000..1063');
    expect(sut.stageStatus()[0]).toMatchObject({ state: 'exhausted', healthy: false });
    server.delete(99);
    await server.settled();
    await expect(acquire('a')).rejects.toThrow('no free identity');

    server.delete(1017);
    await server.settled();

    expect(await acquire('a')).toBe(1017);
    expect(outcomes).toEqual(['exhausted', 'exhausted', 'created']);
  });

  it('creates a held identity again and unmarks it, but not one that was released', async () => {
    run();
    const held = await acquire('a', 'vm');
    const released = await acquire('b', 'other');
    sut.release('other');
    server.create(held, labels('a'), { 'io.cilium.heartbeat': 'now', other: 'stays' });
    server.create(released, labels('b'), { 'io.cilium.heartbeat': 'now' });
    const annotations = (number: number) => server.objects.get(String(number))?.metadata.annotations;
    await eventually(() => JSON.stringify(annotations(held)) === '{"other":"stays"}');
    expect(annotations(released)).toEqual({ 'io.cilium.heartbeat': 'now' });

    server.delete(held);
    server.delete(released);

    await eventually(() => server.objects.has(String(held)));
    await server.settled();
    expect([...server.objects.keys()]).toEqual([String(held)]);
  });

  it('tells the owner whose number went to other labels', async () => {
    run();
    const lost: string[] = [];
    sut.onLost((owner) => lost.push(owner));
    const number = await acquire('a', 'vm');

    server.create(number, labels('somebody else'));

    await eventually(() => lost.length === 1);
    expect(sut.stageStatus()[0]!.counts.holders).toBe(0);
    expect(await acquire('a', 'vm')).not.toBe(number);
  });
});
