import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { devServerLab, node, nodes } from './dev-server-lab.js';

describe('watches of the development API server', () => {
  const lab = devServerLab();

  it('sends bookmarks on demand, only to those who ask for them', async () => {
    const { server, url } = await lab.start();
    const from = server.store.revision;
    const asking = await lab.watch(
      url,
      `${nodes}?watch=true&resourceVersion=${String(from)}&allowWatchBookmarks=true`,
    );
    const other = await lab.watch(url, `${nodes}?watch=true&resourceVersion=${String(from)}`);
    server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } });

    server.sendBookmarks();
    server.apply(node('a'));

    await Promise.all([asking.saw(1), other.saw(1)]);
    expect(asking.events[0]).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'CiliumNode', metadata: { resourceVersion: String(from + 1) } },
    });
    expect(other.events.map(({ type }) => type)).toEqual(['ADDED']);
  });

  it('sends bookmarks by itself', async () => {
    const { url } = await lab.start({ bookmarkIntervalMs: 10 });
    const watch = await lab.watch(url, `${nodes}?watch=true&allowWatchBookmarks=true`);

    await eventually(() => watch.events.length >= 2);
    expect(watch.events[0]!.type).toBe('BOOKMARK');
  });

  it('says Expired in the stream for a watch from before a compaction', async () => {
    const { server, url } = await lab.start();
    const from = server.store.revision;
    server.apply(node('a'));
    server.compact();

    const old = await lab.watch(url, `${nodes}?watch=true&resourceVersion=${String(from)}`);
    const current = await lab.watch(url, `${nodes}?watch=true&resourceVersion=${String(from + 1)}`);
    server.apply(node('b'));

    expect(await old.saw(1)).toEqual(['ERROR 410']);
    expect(old.events[0]!.object.reason).toBe('Expired');
    expect(await old.ended).toBe(true);
    expect(await current.saw(1)).toEqual(['ADDED b']);
  });

  it('says Expired to a list and to a page from before a compaction, with a way on', async () => {
    const { server, url } = await lab.start();
    for (const name of ['a', 'b', 'c']) server.apply(node(name));
    const from = server.store.revision;
    const first = (await (await fetch(`${url}${nodes}?limit=1`)).json()) as {
      metadata: { continue: string };
    };
    server.apply(node('d'));
    server.compact();

    const exact = await fetch(`${url}${nodes}?resourceVersion=${String(from)}&resourceVersionMatch=Exact`);
    const page = await fetch(`${url}${nodes}?limit=1&continue=${first.metadata.continue}`);

    expect([exact.status, page.status]).toEqual([410, 410]);
    const { metadata, reason } = (await page.json()) as { metadata: { continue: string }; reason: string };
    expect(reason).toBe('Expired');
    const rest = await fetch(`${url}${nodes}?continue=${metadata.continue}`);
    const { items } = (await rest.json()) as { items: { metadata: { name: string } }[] };
    expect(items.map((item) => item.metadata.name)).toEqual(['b', 'c', 'd']);
  });

  it('streams a list as a watch from 1.32 on, and says where it ends', async () => {
    const { server, url } = await lab.start({ gitVersion: 'v1.32.1' });
    server.apply(node('a'));
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

    const watch = await lab.watch(url, `${nodes}?${query}`);

    await eventually(() => watch.events.length === 2);
    expect(watch.events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(watch.events[1]!.object.metadata).toMatchObject({
      resourceVersion: String(server.store.revision),
      annotations: { 'k8s.io/initial-events-end': 'true' },
    });
  });

  it.each([
    ['v1.31.0', 422],
    ['v1.26.0', 200],
  ])('%s answers sendInitialEvents with %i', async (gitVersion, status) => {
    const { url } = await lab.start({ gitVersion });

    const response = await fetch(
      `${url}${nodes}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
    );

    expect(response.status).toBe(status);
    await response.body?.cancel();
  });

  it.each([
    ['v1.20.2', { v1: 404, v1beta1: 200 }],
    ['v1.21.0', { v1: 200, v1beta1: 200 }],
    ['v1.25.0', { v1: 200, v1beta1: 404 }],
  ])('%s serves the slice versions of its time', async (gitVersion, expected) => {
    const { url } = await lab.start({ gitVersion });
    const status = async (version: string): Promise<number> =>
      (await fetch(`${url}/apis/discovery.k8s.io/${version}/namespaces/default/endpointslices/kubernetes`))
        .status;

    expect({ v1: await status('v1'), v1beta1: await status('v1beta1') }).toEqual(expected);
  });

  it('writes an object in the version of the path', async () => {
    const { url } = await lab.start({ gitVersion: 'v1.22.0' });

    for (const version of ['v1', 'v1beta1']) {
      const response = await fetch(
        `${url}/apis/discovery.k8s.io/${version}/namespaces/default/endpointslices/kubernetes`,
      );
      expect(await response.json()).toMatchObject({ apiVersion: `discovery.k8s.io/${version}` });
    }
  });

  it('serves a custom kind from its definition to the end of it', async () => {
    const { server, url } = await lab.start();
    const definition = server.get({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'ciliumnodes.cilium.io' },
    })!;
    server.apply(node('a'));
    const watch = await lab.watch(url, `${nodes}?watch=true`);

    server.delete(definition);

    expect((await fetch(url + nodes)).status).toBe(404);
    expect(await watch.saw(2)).toEqual(['ADDED a', 'DELETED a']);
    expect(await watch.ended).toBe(true);
    server.apply(definition);
    expect((await fetch(url + nodes)).status).toBe(200);
  });

  it('gives 20,000 objects in one list of the watch cache, whatever the limit', async () => {
    const { server, url } = await lab.start();
    for (let i = 0; i < 20_000; i++) server.apply(node(`n-${String(i)}`, { pad: 'x'.repeat(500) }));

    const response = await fetch(`${url}${nodes}?resourceVersion=0&limit=500`);
    const { items } = (await response.json()) as { items: unknown[] };

    expect(items).toHaveLength(20_000);
  });
});
