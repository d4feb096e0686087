import {
  EtcdFault,
  type KvEntry,
  type KvEvent,
  type KvPage,
  type KvWatchHandler,
} from '../../../src/modules/etcd/kv.js';
import type { RemoteEtcd } from '../../../src/modules/etcd/remote/remote-etcd.js';
import type { WatchEnd } from '../../../src/modules/etcd/watch.js';
import { RemoteObserver } from '../../../src/modules/metrics/remote-observer.js';

interface OpenWatch {
  readonly prefix: string;
  readonly next: number;
  readonly handler: KvWatchHandler;
  end(how: Partial<WatchEnd>): void;
}

/** A remote etcd in memory: lists what it holds; watches stand at once, and end when a test says so. */
export class FakeRemote implements RemoteEtcd {
  readonly endpoint = 'http://fake:1';
  readonly endpoints = 1;
  readonly clusterId = '7';
  readonly foreign = undefined;
  readonly keys = new Map<string, string>();
  readonly watches: OpenWatch[] = [];
  readonly gets: string[] = [];
  revision = 1;

  get(key: string): Promise<KvEntry | undefined> {
    this.gets.push(key);
    const value = this.keys.get(key);
    return Promise.resolve(value === undefined ? undefined : this.entry(key, value));
  }

  async *range(prefix: string): AsyncIterable<KvPage> {
    const found = [...this.keys].filter(([key]) => key.startsWith(prefix));
    await Promise.resolve();
    yield { entries: found.map(([key, value]) => this.entry(key, value)), revision: this.revision };
  }

  watch(prefix: string, next: number, handler: KvWatchHandler, signal: AbortSignal): Promise<WatchEnd> {
    handler.onConnected?.();
    return new Promise((resolve) => {
      const end = (how: Partial<WatchEnd>): void => {
        this.watches.splice(this.watches.indexOf(watch), 1);
        const fault = new EtcdFault('ended', 'unavailable');
        resolve({ next, fault, connected: true, compactRevision: 0, ...how });
      };
      const watch = { prefix, next, handler, end };
      this.watches.push(watch);
      signal.addEventListener('abort', () => end({}), { once: true });
    });
  }

  close(): void {
    for (const watch of this.watches.slice()) watch.end({});
  }

  /** As if somebody had put this key. */
  put(key: string, value: string): void {
    const created = !this.keys.has(key);
    this.keys.set(key, value);
    this.revision++;
    this.send({ type: 'put', entry: this.entry(key, value), created }, key);
  }

  private send(event: KvEvent, key: string): void {
    for (const { prefix, handler } of this.watches)
      if (key.startsWith(prefix)) handler.onEvents([event], this.revision);
  }

  private entry(key: string, value: string): KvEntry {
    return { key, value, lease: '0', modRevision: this.revision };
  }
}

/** What the metrics were told. */
export function recordingObserver(): {
  observer: RemoteObserver;
  runs: string[];
  events: string[];
  silences: number[];
} {
  const runs: string[] = [];
  const events: string[] = [];
  const silences: number[] = [];
  const controllers = { run: (group: string, status: string) => void runs.push(`${group} ${status}`) };
  const kvstore = {
    eventQueued: (scope: string, action: string, _seconds: number, count: number) =>
      void events.push(`${scope} ${action} ${count}`),
    operation: () => undefined,
    quorumError: () => void silences.push(1),
    initialSync: () => undefined,
  };
  return { observer: new RemoteObserver(controllers as never, kvstore as never), runs, events, silences };
}
