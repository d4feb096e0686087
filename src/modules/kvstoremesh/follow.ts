import type { Bytes } from '../../common/bytes.js';
import { EtcdFault, type KvEntry, type KvEvent } from '../etcd/kv.js';
import type { RemoteEtcd } from '../etcd/remote/remote-etcd.js';
import type { RemoteObserver } from '../metrics/remote-observer.js';

/** Who wants to know what is below a prefix. Called in order; each list begins with begin() and ends with listed(). */
export interface Follower {
  begin(): void;
  entry(entry: KvEntry): void;
  listed(): void;
  event(event: KvEvent): void;
  /** The watch stands. */
  watching?(): void;
}

export interface FollowOptions {
  readonly pageSize: number;
  readonly signal: AbortSignal;
  readonly observer: RemoteObserver;
}

/**
 * Lists a prefix of a remote etcd, then watches it, and lists it again when etcd has forgotten what happened meanwhile
 * (compaction). Resolves on abort. @throws EtcdFault when the connection fails: whoever made it makes another.
 */
export async function follow(
  remote: RemoteEtcd,
  prefix: Bytes,
  follower: Follower,
  { pageSize, signal, observer }: FollowOptions,
): Promise<void> {
  while (!signal.aborted) {
    follower.begin();
    let revision = 0;
    for await (const page of remote.range(prefix, { pageSize, signal })) {
      revision = page.revision;
      observer.received(prefix, 'create', page.entries.length);
      for (const entry of page.entries) follower.entry(entry);
    }
    observer.received(prefix, 'listDone');
    follower.listed();
    const end = await remote.watch(prefix, revision + 1, handlerOf(prefix, follower, observer), signal);
    if (signal.aborted) return;
    // A watch that never stood although the list was read just now would fail the next time, too.
    if (end.compactRevision === 0 || !end.connected) throw remote.foreign ?? end.fault;
  }
}

function handlerOf(prefix: Bytes, follower: Follower, observer: RemoteObserver) {
  return {
    onEvents: (events: readonly KvEvent[]) => {
      for (const event of events) {
        observer.received(prefix, actionOf(event));
        follower.event(event);
      }
    },
    onConnected: () => follower.watching?.(),
    onCompacted: () => Promise.reject(new EtcdFault('the list is read anew', 'compacted')),
  };
}

function actionOf(event: KvEvent): 'create' | 'modify' | 'delete' {
  if (event.type === 'delete') return 'delete';
  return event.created ? 'create' : 'modify';
}

export function keyOf(event: KvEvent): Bytes {
  return event.type === 'put' ? event.entry.key : event.key;
}
