import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reflector } from '../../../src/modules/kubernetes/reflector.js';
import { eventually } from '../../support/eventually.js';
import { type Fault, FakeKubeServer } from '../../support/fake-kube-server.js';
import { quickTiming, ReflectorLab } from '../../support/reflector-lab.js';

describe(Reflector, () => {
  let server: FakeKubeServer;
  let lab: ReflectorLab;

  beforeEach(async () => {
    server = await FakeKubeServer.start();
    server.put('a', 1);
    server.put('b', 2);
    lab = new ReflectorLab(server);
  });

  afterEach(async () => {
    await lab.stop();
    await server.close();
  });

  const equal = (): Promise<unknown> =>
    eventually(() => same(lab.sink.state, server.state), { what: 'the sink equals the server' });
  const watching = (): Promise<unknown> =>
    eventually(() => server.openWatches === 1 && lab.status.state === 'watching', { what: 'watching' });
  const requests = (part: string): string[] => server.requests.filter((request) => request.includes(part));
  const lists = (): string[] => server.requests.filter((request) => !request.includes('watch=true'));

  it('gives every object, then synced once, then the changes', async () => {
    lab.run();
    await watching();
    expect(lab.sink.calls).toEqual(['upsert a', 'upsert b', 'synced']);

    server.put('a', 3);
    server.remove('b');
    server.put('c', 4);
    await equal();

    expect(lab.sink.calls.slice(3)).toEqual(['upsert a', 'delete b', 'upsert c']);
    expect(lab.status).toMatchObject({
      name: 'kubernetes/ciliumnodes',
      healthy: true,
      counts: { receivedEvents: 3, upserts: 4, deletes: 1, objects: 2, relists: 0, errors: 0 },
      details: { resourceVersion: '105', synced: true },
    });
  });

  it('lists from the cache first, and asks for bookmarks and an end between five and ten minutes', async () => {
    await lab.stop();
    lab = new ReflectorLab(server, { timing: { ...quickTiming, watchMinMs: 300_000, watchMaxMs: 600_000 } });
    lab.run();
    await watching();
    const [list, watch] = server.requests.map(
      (request) => new URL(request.slice(4), 'http://x').searchParams,
    );
    expect(Object.fromEntries(list!)).toEqual({ resourceVersion: '0', limit: '500' });
    const { timeoutSeconds, ...query } = Object.fromEntries(watch!);
    expect(query).toEqual({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: '102' });
    expect(Number(timeoutSeconds)).toBeGreaterThanOrEqual(300);
    expect(Number(timeoutSeconds)).toBeLessThanOrEqual(600);
  });

  it('sends the label selector with the list and the watch', async () => {
    await lab.stop();
    lab = new ReflectorLab(server, { labelSelector: '!service.kubernetes.io/service-proxy-name' });
    lab.run();
    await watching();
    expect(requests('labelSelector=%21service.kubernetes.io%2Fservice-proxy-name')).toHaveLength(2);
  });

  it('watches on from a bookmark', async () => {
    lab.run();
    await watching();
    server.put('a', 3);
    await equal();
    server.bookmark();
    server.endWatches();
    await eventually(() => requests('resourceVersion=103').length === 1);
    expect(lists()).toHaveLength(1);
  });

  const brokenWatches: Record<string, Fault> = {
    'a reset within an event': { kind: 'reset' },
    'a connection refused': { kind: 'refuse' },
    'too many requests': { kind: 'status', status: 429 },
    'a server error': { kind: 'status', status: 500 },
    'no permission for a while': { kind: 'status', status: 403 },
    'an error event of the server': { kind: 'error-event', code: 500 },
    'a very short watch': { kind: 'short' },
    silence: { kind: 'silence' },
  };
  for (const [name, fault] of Object.entries(brokenWatches)) {
    it(`watches on without a list after ${name}`, async () => {
      server.faults.watch.push(fault);
      lab.run();
      await eventually(() => server.openWatches === 1 || lab.status.counts.errors! > 0);
      server.put('a', 3);
      server.remove('b');
      await equal();
      await watching();
      expect(lists()).toHaveLength(1);
      // A connection that was closed while idle is no failure: the request goes out again on a new one.
      expect(lab.status.counts.errors).toBe(fault.kind === 'refuse' ? 0 : 1);
    });
  }

  const brokenLists: Record<string, Fault> = {
    'a reset in the middle': { kind: 'reset' },
    'a body that ends in the middle': { kind: 'truncate' },
    silence: { kind: 'silence' },
    'a server error': { kind: 'status', status: 503 },
    'no permission': { kind: 'status', status: 403 },
    'not found': { kind: 'status', status: 404 },
  };
  for (const [name, fault] of Object.entries(brokenLists)) {
    it(`lists again after ${name}, deletes nothing on its account, and says synced once`, async () => {
      server.faults.list.push(fault, fault);
      lab.run();
      await watching();
      expect(lab.sink.calls.filter((call) => !call.startsWith('upsert'))).toEqual(['synced']);
      expect(lab.sink.state).toEqual(server.state);
      expect(lists()).toHaveLength(3);
    });

    it(`keeps what it has after ${name} in a relist`, async () => {
      lab.run();
      await watching();
      server.faults.list.push(fault);
      server.faults.watch.push({ kind: 'status', status: 410 });
      server.endWatches();
      await eventually(() => lab.status.counts.relists === 1);
      await watching();
      expect(lab.sink.calls.filter((call) => !call.startsWith('upsert'))).toEqual(['synced']);
    });
  }

  for (const gone of [
    { kind: 'status', status: 410 },
    { kind: 'error-event', code: 410 },
  ] as const) {
    it(`relists after 410 as ${gone.kind} and deletes what is gone`, async () => {
      lab.run();
      await watching();
      server.faults.watch.push({ kind: 'refuse' }, gone);
      server.endWatches();
      server.remove('b');
      server.put('c', 5);
      await equal();
      await watching();
      expect(lab.sink.calls.filter((call) => call !== 'upsert a')).toEqual([
        'upsert b',
        'synced',
        'upsert c',
        'delete b',
      ]);
      expect(lists().at(-1)).toContain('resourceVersion=102');
    });
  }

  it('lists the newest when the version is ahead of the API server', async () => {
    lab.run();
    await watching();
    const message = 'Too large resource version: 102, current: 50';
    server.faults.watch.push({ kind: 'error-event', code: 504, message });
    server.endWatches();
    await eventually(() => lab.status.counts.relists === 1);
    expect(lists().at(-1)).toContain('resourceVersion=&');
  });

  it('relists when the API server refuses the watch for good', async () => {
    lab.run();
    await watching();
    server.faults.watch.push({ kind: 'status', status: 400 });
    server.endWatches();
    await eventually(() => lab.status.counts.relists === 1);
    expect(lists()).toHaveLength(2);
  });

  it('does not list without pause when the version expires again and again', async () => {
    await lab.stop();
    const timing = { ...quickTiming, backoffBaseMs: 60_000, backoffMaxMs: 60_000 };
    lab = new ReflectorLab(server, { timing, random: () => 0.9 });
    const gone: Fault = { kind: 'error-event', code: 410 };
    server.faults.watch.push(gone, gone, gone);
    lab.run();
    await eventually(() => lab.status.state === 'backoff');
    expect(lists()).toHaveLength(3);
  });

  it('honours Retry-After', async () => {
    server.faults.list.push({ kind: 'status', status: 429, retryAfter: 1 });
    const started = performance.now();
    lab.run();
    await watching();
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(lists()).toHaveLength(2);
  });

  it('reads a slow list', async () => {
    server.faults.list.push({ kind: 'slow' });
    lab.run();
    await watching();
    expect(lab.sink.state).toEqual(server.state);
  });

  it('cuts a watch that the server does not end', async () => {
    await lab.stop();
    const timing = { ...quickTiming, watchMinMs: 1, watchMaxMs: 1, graceMs: 10, silenceMs: 60_000 };
    lab = new ReflectorLab(server, { timing });
    lab.run();
    await eventually(() => requests('watch=true').length === 2, { what: 'a second watch' });
    expect(lab.status.counts.errors).toBe(0);
  });

  it('goes on when the sink refuses an object, and says so once', async () => {
    lab.sink.refuses.add('a');
    lab.run();
    await watching();
    server.put('a', 3);
    server.put('c', 3);
    await eventually(() => lab.sink.state.has('c'));
    const complaints = lab.recorded.lines.filter(({ level }) => level === 'error');
    expect(complaints.map(({ fields }) => fields.object)).toEqual(['a']);
    expect(lab.status.counts.rejectedObjects).toBe(2);
    expect(lab.sink.calls).toContain('synced');
  });

  it('waits out an API server that is away', async () => {
    lab.run();
    await watching();
    const { port } = server;
    await server.close();
    await eventually(() => lab.status.counts.errors! >= 3);
    expect(lab.status.healthy).toBe(false);
    server.put('c', 9);
    await server.listen(port);
    await equal();
    await watching();
    expect(lists()).toHaveLength(1);
    expect(lab.status.healthy).toBe(true);
  });

  it('stops at once, also while it waits, and lets nobody wait for a list then', async () => {
    server.faults.list.push({ kind: 'status', status: 429, retryAfter: 3600 }, { kind: 'silence' });
    lab.run();
    await eventually(() => lab.status.state === 'backoff');
    const resync = lab.reflector.resync().catch((error: unknown) => error);
    await eventually(() => lab.status.state === 'listing');
    await lab.stop();
    expect(await resync).toEqual(new Error('the reflector of ciliumnodes stopped'));
    expect(lab.status.state).toBe('stopped');
    await expect(lab.reflector.resync()).rejects.toThrow('stopped');
  });

  it('crashes when the sink cannot be synced: a bug', async () => {
    const crash = new Error('bug');
    lab.sink.synced = () => {
      throw crash;
    };
    await expect(lab.reflector.run(new AbortController().signal)).rejects.toBe(crash);
  });

  describe('resync', () => {
    it('lists again and resolves when the difference was given', async () => {
      lab.run();
      await watching();
      lab.sink.state.set('stranger', 0);
      expect(await lab.reflector.resync()).toEqual({ listed: 2 });
      expect(lab.sink.state).toEqual(server.state);
      await watching();
      expect(lists()).toHaveLength(2);
    });

    it('waits for a list that began later than the call', async () => {
      server.faults.list.push({ kind: 'slow' });
      lab.run();
      await eventually(() => lists().length === 1);
      await lab.reflector.resync();
      expect(lists()).toHaveLength(2);
    });

    it('outlives failures', async () => {
      lab.run();
      await watching();
      server.faults.list.push({ kind: 'truncate' }, { kind: 'refuse' });
      expect(await lab.reflector.resync()).toEqual({ listed: 2 });
    });
  });

  describe('with watch lists', () => {
    beforeEach(async () => {
      await lab.stop();
      lab = new ReflectorLab(server, { watchList: true });
    });

    it('takes the initial events for the list', async () => {
      server.servesWatchLists = true;
      lab.run();
      await watching();
      expect(lab.sink.calls).toEqual(['upsert a', 'upsert b', 'synced']);
      expect(lists()).toEqual([]);
      expect(requests('sendInitialEvents=true&resourceVersionMatch=NotOlderThan')).toHaveLength(1);
      server.endWatches();
      await eventually(() => requests('resourceVersion=102').length === 1);
    });

    it('deletes nothing when the initial events break off, and what is gone when they do not', async () => {
      server.servesWatchLists = true;
      lab.run();
      await watching();
      server.remove('a');
      await equal();
      lab.sink.state.set('stranger', 0);
      server.faults.watch.push({ kind: 'reset' });
      expect(await lab.reflector.resync()).toEqual({ listed: 1 });
      expect(lab.sink.state).toEqual(server.state);
      expect(lab.sink.calls.filter((call) => call.startsWith('delete'))).toEqual([
        'delete a',
        'delete stranger',
      ]);
    });

    it('lists again for a resync that was asked for during the initial events', async () => {
      await lab.stop();
      lab = new ReflectorLab(server, { watchList: true, timing: { ...quickTiming, silenceMs: 60_000 } });
      server.servesWatchLists = true;
      lab.run();
      expect(await lab.reflector.resync()).toEqual({ listed: 2 });
      await watching();
      expect(requests('sendInitialEvents=true')).toHaveLength(2);
    });

    it('falls back to lists when refused', async () => {
      lab.run();
      await watching();
      expect(lists()).toHaveLength(1);
      expect(lab.sink.calls).toEqual(['upsert a', 'upsert b', 'synced']);
      expect(lab.status.counts.errors).toBe(0);
    });
  });
});

function same(a: Map<string, unknown>, b: Map<string, unknown>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
