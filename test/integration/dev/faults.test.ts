import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { devServerLab, node, nodes } from './dev-server-lab.js';

describe('faults of the development API server', () => {
  const lab = devServerLab();

  it('refuses the next requests that match, and no others', async () => {
    const { server, url } = await lab.start();
    const fault = server.faults.failNext('ciliumnodes', { status: 429, retryAfter: 7 }, 2);

    expect((await fetch(`${url}/version`)).status).toBe(200);
    const refused = await fetch(url + nodes);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('7');
    expect(await refused.json()).toMatchObject({
      kind: 'Status',
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 7 },
    });
    expect((await fetch(url + nodes)).status).toBe(429);
    expect((await fetch(url + nodes)).status).toBe(200);
    expect(fault.hits).toBe(2);
  });

  it('matches by path, method, watch and condition', async () => {
    const { server, url } = await lab.start();
    server.faults.fail({ path: /ciliumnodes$/, method: 'GET', watch: true }, { status: 500 });
    server.faults.fail({ where: ({ query }) => query.limit === '5' }, { status: 503 });

    expect((await fetch(url + nodes)).status).toBe(200);
    expect((await fetch(`${url}${nodes}?watch=true`)).status).toBe(500);
    expect((await fetch(`${url}${nodes}?limit=5`)).status).toBe(503);
    server.faults.clear();
    expect((await fetch(`${url}${nodes}?limit=5`)).status).toBe(200);
  });

  it('resets connections', async () => {
    const { server, url } = await lab.start();
    server.faults.resetNext('ciliumnodes');

    await expect(fetch(url + nodes)).rejects.toThrow('fetch failed');
    expect(server.requestLog.at(-1)).toMatchObject({ method: 'GET', path: nodes, status: 0 });
    expect((await fetch(url + nodes)).status).toBe(200);
  });

  it('says nothing until released', async () => {
    const { server, url } = await lab.start();
    const fault = server.faults.stall('ciliumnodes');
    let answered = false;
    const response = fetch(url + nodes).then(({ status }) => {
      answered = true;
      return status;
    });
    await eventually(() => fault.hits === 1);
    await fetch(`${url}/version`);
    expect(answered).toBe(false);

    fault.release();

    expect(await response).toBe(200);
  });

  it('cuts a list off in the middle', async () => {
    const { server, url } = await lab.start();
    for (let i = 0; i < 1000; i++) server.apply(node(`n-${String(i)}`, { pad: 'x'.repeat(500) }));
    server.faults.truncateNext('ciliumnodes', 200_000);
    let bytes = 0;
    const read = async (): Promise<void> => {
      const response = await fetch(url + nodes);
      for await (const chunk of response.body!) bytes += (chunk as Uint8Array).length;
    };

    await expect(read()).rejects.toThrow('terminated');
    expect(bytes).toBe(200_000);
    await read();
    expect(bytes).toBeGreaterThan(700_000);
  });

  it('trickles', async () => {
    const { server, url } = await lab.start();
    const fault = server.faults.trickle('/version', 50, 1);
    let chunks = 0;

    const response = await fetch(`${url}/version`);
    for await (const _ of response.body!) chunks++;

    expect(chunks).toBeGreaterThan(2);
    fault.release();
  });

  it('breaks or ends the open watches', async () => {
    const { server, url } = await lab.start();
    const first = await lab.watch(url, `${nodes}?watch=true`);
    const services = await lab.watch(url, '/api/v1/services?watch=true');
    await services.saw(1);
    expect(server.faults.openWatches()).toBe(2);

    expect(server.faults.dropWatches('ciliumnodes')).toBe(1);
    expect(await first.ended).toBe(false);
    expect(server.faults.endWatches()).toBe(1);
    expect(await services.ended).toBe(true);
  });

  it('silences watches, which then tell everything in order', async () => {
    const { server, url } = await lab.start();
    const watch = await lab.watch(url, `${nodes}?watch=true&allowWatchBookmarks=true`);
    const fault = server.faults.silence('ciliumnodes');
    for (const name of ['a', 'b', 'c']) server.apply(node(name));
    server.sendBookmarks();
    await fetch(url + nodes);
    expect(watch.events).toEqual([]);

    fault.release();

    expect(await watch.saw(3)).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
    await eventually(() => watch.events.at(-1)!.type === 'BOOKMARK');
  });

  it('closes with everything open', async () => {
    const { server, url } = await lab.start();
    const watch = await lab.watch(url, `${nodes}?watch=true`);
    server.faults.stall('/version');
    const stalled = fetch(`${url}/version`).catch((error: unknown) => (error as Error).message);
    await eventually(() => server.requestLog.at(-1)?.path === '/version');

    await server.close();

    expect(await watch.ended).toBe(false);
    expect(await stalled).toBe('fetch failed');
  });
});
