import { describe, expect, it } from 'vitest';
import { ServerVersion } from '../../../dev/api-server/server-version.js';
import type { KubeDocument } from '../../../dev/api-server/store/kube-document.js';
import { ObjectStore } from '../../../dev/api-server/store/object-store.js';

function pod(name: string, extra: Record<string, unknown> = {}): KubeDocument {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'n' }, ...extra };
}

function sut(historyLimit = 100) {
  const store = new ObjectStore(new ServerVersion('v1.31.0'), historyLimit);
  const resource = store.resources.ofKind('v1', 'Pod');
  const apply = (object: KubeDocument): number => {
    const present = store.collection(resource).get(`n/${object.metadata.name}`);
    return (present ? store.update : store.create).call(store, resource, object, { part: 'all' }).revision;
  };
  const remove = (name: string): number => store.delete(resource, `n/${name}`).revision;
  const namesAt = (revision: number): string[] | undefined =>
    store
      .collection(resource)
      .listAt(revision)
      ?.map(({ name, revision: at }) => `${name}@${String(at)}`);
  return { store, resource, apply, remove, namesAt, collection: store.collection(resource) };
}

describe('Collection', () => {
  it('lists what was there at any remembered revision', () => {
    const { apply, remove, namesAt } = sut();
    const first = apply(pod('b'));
    const second = apply(pod('a'));
    const third = apply(pod('b', { spec: 1 }));
    const fourth = remove('a');

    expect(namesAt(first)).toEqual([`b@${String(first)}`]);
    expect(namesAt(second)).toEqual([`a@${String(second)}`, `b@${String(first)}`]);
    expect(namesAt(third)).toEqual([`a@${String(second)}`, `b@${String(third)}`]);
    expect(namesAt(fourth)).toEqual([`b@${String(third)}`]);
  });

  it('remembers at least as many changes as its limit, and says what it has forgotten', () => {
    const { apply, collection, store } = sut(10);
    const revisions = Array.from({ length: 100 }, (_, i) => apply(pod(`p-${String(i)}`)));

    expect(collection.since(revisions.at(-11)!)).toHaveLength(10);
    expect(collection.since(revisions[0]!)).toBeUndefined();
    expect(collection.since(collection.compactedRevision)).toBeDefined();
    expect(collection.since(collection.compactedRevision - 1)).toBeUndefined();

    store.compact();
    expect(collection.since(store.revision - 1)).toBeUndefined();
    expect(collection.since(store.revision)).toEqual([]);
  });

  it('changes nothing for an equal object, not even the revision', () => {
    const { apply, store } = sut();
    const revision = apply(pod('a', { spec: { x: 1 } }));

    expect(apply(pod('a', { spec: { x: 1 } }))).toBe(revision);
    expect(store.revision).toBe(revision);
  });

  it('keeps an object with finalizers until the last one is gone', () => {
    const { store, resource, remove } = sut();
    const authored = pod('a');
    authored.metadata.finalizers = ['example.org/hold'];
    store.create(resource, authored, { part: 'object' });

    remove('a');
    const held = store.get(resource, 'n/a');
    expect(held.body.toString()).toContain('deletionTimestamp');

    store.update(resource, pod('a'), { part: 'object' });
    expect(store.collection(resource).get('n/a')).toBeUndefined();
  });
});
