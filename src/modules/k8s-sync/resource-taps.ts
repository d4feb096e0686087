import type { KubeObject, ResourceSink } from '../kubernetes/kube-api.js';

/** Someone else who follows a resource that is mirrored: he needs no list and watch of his own. */
export type ResourceTaps = ReadonlyMap<string, ResourceSink>;

/** Gives everything to both. What only one of them knows is reported as gone by a relist all the same. */
export function tapped(sink: ResourceSink, tap: ResourceSink): ResourceSink {
  return {
    upsert(key: string, object: KubeObject): void {
      sink.upsert(key, object);
      tap.upsert(key, object);
    },
    delete(key: string): void {
      sink.delete(key);
      tap.delete(key);
    },
    keys: () => new Set([...sink.keys(), ...tap.keys()]),
    synced(): void {
      sink.synced();
      tap.synced();
    },
  };
}

/** Hears of deletions only, and so keeps nothing. */
export function deletions(onDelete: (key: string) => void): ResourceSink {
  return {
    upsert: () => undefined,
    delete: onDelete,
    keys: () => [],
    synced: () => undefined,
  };
}
