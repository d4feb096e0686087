import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { collectionPath, objectPath, type KubeClient, type TestObject } from './kube-client.js';
import { getJson, openWatch as openProbe, type ProbeTarget, type ProbeWatch } from './watch-probe.js';

export interface SuiteServer {
  readonly client: KubeClient;
  readonly target: ProbeTarget;
  stop(): Promise<void>;
}

interface List {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

const nodes = '/apis/cilium.io/v2/ciliumnodes';

function node(name: string, labels: Record<string, string> = {}, spec: unknown = {}): TestObject {
  return { apiVersion: 'cilium.io/v2', kind: 'CiliumNode', metadata: { name, labels }, spec };
}

function service(name: string, namespace: string, ports: unknown[] = [{ port: 80 }]): TestObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec: { ports } };
}

/**
 * What a list/watch client relies on. Runs against the development API server and against a real one, so that what is tested
 * with the first is true of the second.
 */
export function listWatchSuite(title: string, start: () => Promise<SuiteServer>): void {
  describe(title, () => {
    let sut: SuiteServer;
    const created: TestObject[] = [];
    const watches: ProbeWatch[] = [];

    beforeAll(async () => {
      sut = await start();
    }, 180_000);
    afterEach(async () => {
      for (const watch of watches.splice(0)) watch.close();
      for (const object of created.splice(0)) await sut.client.delete(object);
    });
    afterAll(() => sut.stop());

    const apply = async (...objects: TestObject[]): Promise<void> => {
      created.push(...objects);
      for (const object of objects) await sut.client.apply(object);
    };
    const get = async <T>(path: string): Promise<T> => (await sut.client.request('GET', path)).body as T;
    const names = ({ items }: List): string[] => items.map(({ metadata }) => metadata.name).sort();
    const openWatch = async (path: string): Promise<ProbeWatch> => {
      const watch = await openProbe(sut.target, path);
      watches.push(watch);
      return watch;
    };
    const revision = async (path: string): Promise<string> =>
      (await get<List>(path)).metadata.resourceVersion;

    it('pages show one revision, whatever happens in between', async () => {
      await apply(node('a'), node('b'), node('c'), node('d'), node('e'));

      const first = await get<List>(`${nodes}?limit=2`);
      await apply(node('bb'));
      await sut.client.delete(node('d'));
      const second = await get<List>(`${nodes}?limit=2&continue=${first.metadata.continue!}`);
      const third = await get<List>(`${nodes}?limit=2&continue=${second.metadata.continue!}`);

      expect([first, second, third].map(names)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
      expect(third.metadata.continue ?? '').toBe('');
      expect(third.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      expect(names(await get<List>(nodes))).toEqual(['a', 'b', 'bb', 'c', 'e']);
    });

    it('the watch cache gives everything whatever the limit', async () => {
      await apply(node('a'), node('b'), node('c'));
      const cached = async (): Promise<List> => get<List>(`${nodes}?limit=1&resourceVersion=0`);

      await expect.poll(async () => names(await cached())).toEqual(['a', 'b', 'c']);
    });

    it('an exact list shows the past', async () => {
      await apply(node('a'));
      const then = await revision(`${nodes}?limit=1`);
      await apply(node('b'));

      const list = await get<List>(`${nodes}?resourceVersion=${then}&resourceVersionMatch=Exact&limit=10`);

      expect(names(list)).toEqual(['a']);
    });

    it('custom kinds have the list metadata last and whole items, built-in kinds have it first and bare items', async () => {
      await apply(node('a'), service('a', 'shop'));

      const custom = await get<Record<string, unknown> & { items: object[] }>(nodes);
      const builtIn = await get<Record<string, unknown> & { items: object[] }>(
        '/api/v1/namespaces/shop/services',
      );

      expect(Object.keys(custom)).toEqual(['apiVersion', 'items', 'kind', 'metadata']);
      expect(custom.items[0]).toMatchObject({ apiVersion: 'cilium.io/v2', kind: 'CiliumNode' });
      expect(Object.keys(builtIn)).toEqual(['kind', 'apiVersion', 'metadata', 'items']);
      expect(builtIn.items[0]).not.toHaveProperty('kind');
    });

    it('a namespace has its own list, and all namespaces one together', async () => {
      await apply(service('one', 'shop'), service('two', 'store'));

      expect(names(await get<List>('/api/v1/namespaces/shop/services'))).toEqual(['one']);
      expect(names(await get<List>('/api/v1/services'))).toEqual(expect.arrayContaining(['one', 'two']));
    });

    it('a watch tells what happened after its revision, then what happens', async () => {
      await apply(node('a'));
      const from = await revision(nodes);
      await apply(node('b'));
      await apply(node('a', {}, { changed: true }));

      const watch = await openWatch(`${nodes}?watch=true&resourceVersion=${from}`);
      await watch.saw(2);
      await sut.client.delete(node('b'));

      expect(await watch.saw(3)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
      const revisions = watch.events.map(({ object }) => BigInt(object.metadata.resourceVersion));
      expect(revisions).toEqual([...revisions].sort((left, right) => (left < right ? -1 : 1)));
      expect(new Set(revisions).size).toBe(3);
    });

    it('a watch without a revision begins with what is there', async () => {
      await apply(node('a'), node('b'));

      const watch = await openWatch(`${nodes}?watch=true`);

      expect((await watch.saw(2)).sort()).toEqual(['ADDED a', 'ADDED b']);
    });

    it('selects by label in lists', async () => {
      await apply(node('a', { tier: 'web' }), node('b', { tier: 'db' }), node('c'));
      const selected = async (selector: string): Promise<string[]> =>
        names(await get<List>(`${nodes}?labelSelector=${encodeURIComponent(selector)}`));

      expect(await selected('tier=web')).toEqual(['a']);
      expect(await selected('tier!=web')).toEqual(['b', 'c']);
      expect(await selected('tier in (web,db)')).toEqual(['a', 'b']);
      expect(await selected('tier notin (web)')).toEqual(['b', 'c']);
      expect(await selected('tier')).toEqual(['a', 'b']);
      expect(await selected('!tier')).toEqual(['c']);
    });

    it('an object that stops to match disappears from a watch, one that starts to match appears', async () => {
      await apply(node('a'));
      const from = await revision(nodes);
      const watch = await openWatch(
        `${nodes}?watch=true&resourceVersion=${from}&labelSelector=${encodeURIComponent('!hidden')}`,
      );

      await apply(node('a', { hidden: 'yes' }));
      await apply(node('a', { hidden: 'yes' }, { unseen: true }));
      await apply(node('a'));
      await apply(node('b', { hidden: 'yes' }));
      await apply(node('c'));

      expect(await watch.saw(3)).toEqual(['DELETED a', 'ADDED a', 'ADDED c']);
      expect(watch.events[0]!.object.metadata.labels ?? {}).toEqual({});
    });

    it('ends a watch after timeoutSeconds in good order', async () => {
      const watch = await openWatch(`${nodes}?watch=true&timeoutSeconds=1`);

      expect(await watch.ended).toBe(true);
    });

    it('refuses what is there already, what is not there, and what is stale', async () => {
      const { client } = sut;
      const first = node('a');
      await apply(first);
      const stored = await get<TestObject>(objectPath(first));
      await apply(node('a', {}, { changed: true }));

      expect((await client.request('POST', collectionPath(first), first)).body).toMatchObject({
        kind: 'Status',
        code: 409,
        reason: 'AlreadyExists',
      });
      expect((await client.request('PUT', objectPath(first), stored)).body).toMatchObject({
        code: 409,
        reason: 'Conflict',
      });
      expect((await client.request('PUT', objectPath(first), first)).body).toMatchObject({
        code: 422,
        reason: 'Invalid',
      });
      for (const method of ['GET', 'DELETE']) {
        expect((await client.request(method, `${nodes}/absent`)).body).toMatchObject({
          code: 404,
          reason: 'NotFound',
          message: 'ciliumnodes.cilium.io "absent" not found',
        });
      }
      expect((await client.request('GET', '/apis/cilium.io/v2/nothings')).status).toBe(404);
    });

    it('patches', async () => {
      const { client } = sut;
      await apply(node('a', { x: '1' }, { list: [1, 2], gone: 1 }));
      const path = objectPath(node('a'));

      const merged = { metadata: { labels: { y: '2' } }, spec: { gone: null } };
      await client.request('PATCH', path, merged, 'application/merge-patch+json');
      const operations = [{ op: 'replace', path: '/spec/list/0', value: 9 }];
      const answer = await client.request('PATCH', path, operations, 'application/json-patch+json');

      expect(answer.status).toBe(200);
      const stored = await get<TestObject>(path);
      expect(stored.metadata.labels).toEqual({ x: '1', y: '2' });
      expect(stored.spec).toEqual({ list: [9, 2] });
      const failing = [{ op: 'test', path: '/spec/list/0', value: 1 }];
      expect((await client.request('PATCH', path, failing, 'application/json-patch+json')).status).toBe(422);
    });

    it('a status subresource changes nothing but the status, and the object everything else', async () => {
      const { client } = sut;
      await apply({ ...node('a'), status: { ignored: true } });
      const path = objectPath(node('a'));
      const status = { status: { state: 'ready' }, spec: { ignored: true } };

      await client.request('PATCH', `${path}/status`, status, 'application/merge-patch+json');
      await client.request('PATCH', path, { status: { state: 'lost' } }, 'application/merge-patch+json');

      expect(await get(path)).toMatchObject({ spec: {}, status: { state: 'ready' } });
    });

    it('says only the metadata of definitions if asked to', async () => {
      const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
      const list = (await getJson(sut.target, path, accept)) as List;

      expect(list.kind).toBe('PartialObjectMetadataList');
      expect(names(list)).toContain('ciliumnodes.cilium.io');
      expect(list.items.every((item) => !('spec' in item))).toBe(true);
    });

    it('changes no revision when nothing changes', async () => {
      await apply(node('a', { x: '1' }));
      const before = await get<TestObject>(objectPath(node('a')));

      await sut.client.request('PUT', objectPath(node('a')), before);

      expect(await get<TestObject>(objectPath(node('a')))).toEqual(before);
    });
  });
}
