import type { Clock } from '../../common/clock.js';
import { together } from '../../common/together.js';
import { EtcdFault } from '../etcd/kv.js';
import type { RemoteEtcd } from '../etcd/remote/remote-etcd.js';
import type { RemoteObserver } from '../metrics/remote-observer.js';
import type { CachedType } from './cached-type.js';
import { follow, keyOf } from './follow.js';
import { Heartbeat } from './heartbeat.js';
import { clusterConfigKey, type MeshType, remoteCanary, remotePrefix, syncedPrefix } from './mesh-keys.js';
import { parseRemoteConfig, type RemoteConfig } from './remote-config.js';
import type { RemoteStage } from './remote-stage.js';

export interface RemoteSessionOptions {
  readonly cluster: string;
  readonly remote: RemoteEtcd;
  readonly types: ReadonlyMap<MeshType, CachedType>;
  readonly stage: RemoteStage;
  readonly pageSize: number;
  readonly timing: SessionTiming;
  readonly clock: Clock;
  readonly observer: RemoteObserver;
  /** Before anything is read by it. */
  readonly onConfig: (config: RemoteConfig) => void;
  /** Beside the reading: resolves when the local etcd holds our version of the configuration, or on abort. */
  readonly enforced: (signal: AbortSignal) => Promise<void>;
  readonly onListed: (type: CachedType) => void;
}

/** All ms. */
export interface SessionTiming {
  /** A remote whose heartbeat is older, or was never seen, is given up (spec/kvstoremesh.md §11.2). */
  readonly heartbeatMs: number;
  /** How long the first watch may take to stand. */
  readonly answerMs: number;
  /** Look again for a missing configuration after 1, 2, 3, … s, up to this. */
  readonly configRetryMs: number;
  /** And give up the connection after so long. */
  readonly configLimitMs: number;
  /** A connection that lasted so long was a good one: the next attempt does not wait longer than the first. */
  readonly steadyMs: number;
}

const denied = (error: unknown): boolean => error instanceof EtcdFault && error.kind === 'permission-denied';

/**
 * One connection to one remote cluster, from being let in to its end: heartbeat, configuration, canaries, then each type as
 * soon as its canary is there. The cache is brought up to date by whole lists only, so losing a connection costs nothing.
 */
export class RemoteSession {
  private readonly canaries = new Map<MeshType, () => void>();

  constructor(private readonly options: RemoteSessionOptions) {}

  /** Resolves on abort. @throws EtcdFault with the reason for which the connection is to be replaced. */
  async run(signal: AbortSignal): Promise<void> {
    const { remote, types, pageSize, timing, clock, stage, observer } = this.options;
    const onDenied = (error: EtcdFault): void => stage.failed(error, 'heartbeat');
    const limitMs = timing.heartbeatMs;
    const heartbeat = new Heartbeat({ remote, pageSize, limitMs, clock, observer, onDenied });
    try {
      await together(signal, [
        (s) => heartbeat.run(s),
        async (s) => {
          await this.opened(heartbeat.stands, s);
          // What ended the wait belongs to the stage that was waited in.
          const config = s.aborted ? undefined : await this.config(s);
          if (config) await this.copy(config, s);
        },
      ]);
    } catch (error) {
      throw remote.foreign ?? error;
    } finally {
      for (const type of types.values()) type.enter('idle');
    }
  }

  private async opened(stands: Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, stage, timing } = this.options;
    stage.enter('heartbeat');
    const over = new AbortController();
    const late = clock
      .sleep(timing.answerMs, AbortSignal.any([signal, over.signal]))
      .then(() => 'late' as const);
    const first = await Promise.race([stands, late]);
    over.abort();
    if (first === 'late' && !signal.aborted)
      throw new EtcdFault(`no watch could be opened within ${timing.answerMs} ms`, 'timeout');
  }

  private async config(signal: AbortSignal): Promise<RemoteConfig | undefined> {
    const { clock, stage, timing, observer, onConfig } = this.options;
    stage.enter('config');
    const deadline = clock.monotonic() + timing.configLimitMs;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const config = await this.readConfig(signal);
      if (signal.aborted) return undefined;
      const usable = !(config instanceof Error);
      observer.ran('clustermesh-cluster-config', usable ? 'success' : 'failure');
      if (usable) {
        onConfig(config);
        return config;
      }
      stage.failed(config);
      if (clock.monotonic() >= deadline)
        throw new EtcdFault(`failed to retrieve cluster configuration: ${config.message}`, 'other');
      await clock.sleep(Math.min(attempt * 1000, timing.configRetryMs), signal);
    }
    return undefined;
  }

  /** What cannot be read, or understood, is a value: it is looked at again. @throws EtcdFault when the connection fails. */
  private async readConfig(signal: AbortSignal): Promise<RemoteConfig | Error> {
    const { remote, cluster, clock, observer } = this.options;
    const key = clusterConfigKey(cluster);
    const started = clock.monotonic();
    const seconds = (): number => (clock.monotonic() - started) / 1000;
    try {
      const entry = await remote.get(key, { signal });
      observer.got(key, seconds(), 'success');
      if (!entry || entry.value === '') return new Error('not found');
      return parseRemoteConfig(entry.value);
    } catch (error) {
      if (error instanceof EtcdFault && error.kind !== 'aborted') observer.got(key, seconds(), 'fail');
      if (error instanceof EtcdFault && !denied(error)) throw error;
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private async copy(config: RemoteConfig, signal: AbortSignal): Promise<void> {
    const { types, stage, cluster, enforced } = this.options;
    stage.enter('syncing');
    const tasks = [...types.values()].map((type) => {
      type.enter('waiting for the canary');
      const canary = new Promise<void>((resolve) => this.canaries.set(type.type, resolve));
      const prefix = remotePrefix(type.type, cluster, config.cached);
      return async (s: AbortSignal): Promise<void> => {
        await Promise.race([canary, aborted(s)]);
        if (!s.aborted) await this.copyType(type, prefix, s);
      };
    });
    if (!config.syncedCanaries) for (const resolve of this.canaries.values()) resolve();
    else tasks.push((s) => this.watchCanaries(config, s));
    await together(signal, [...tasks, enforced]);
  }

  private async watchCanaries({ cached }: RemoteConfig, signal: AbortSignal): Promise<void> {
    const { remote, cluster, types, pageSize, observer } = this.options;
    const names = new Map([...types.keys()].map((type) => [remoteCanary(type, cluster, cached), type]));
    const seen = (key: string): void => {
      const type = names.get(key);
      if (type) this.canaries.get(type)?.();
    };
    const none = (): void => undefined;
    const follower = {
      begin: none,
      listed: () => observer.canaries(cluster, true),
      entry: ({ key }: { key: string }) => seen(key),
      // A canary that is deleted later says nothing: the type is being watched by then.
      event: (event: Parameters<typeof keyOf>[0]) => {
        if (event.type === 'put') seen(event.entry.key);
      },
    };
    observer.canaries(cluster, false);
    try {
      await follow(remote, syncedPrefix(cluster), follower, { pageSize, signal, observer });
    } finally {
      observer.canaries(cluster, false);
    }
  }

  private async copyType(type: CachedType, prefix: string, signal: AbortSignal): Promise<void> {
    const { remote, pageSize, observer, onListed } = this.options;
    let listed = new Set<string>();
    const follower = {
      begin: () => {
        if (!type.synced) type.enter('listing');
        listed = new Set();
      },
      entry: ({ key, value }: { key: string; value: string }) => {
        listed.add(type.put(key.slice(prefix.length), value));
      },
      listed: () => {
        type.keepOnly(listed);
        listed = new Set();
        type.enter('watching');
        this.readyWhenAll();
        onListed(type);
      },
      event: (event: Parameters<typeof keyOf>[0]) => {
        const suffix = keyOf(event).slice(prefix.length);
        if (event.type === 'put') type.put(suffix, event.entry.value);
        else type.remove(suffix);
      },
    };
    await follow(remote, prefix, follower, { pageSize, signal, observer });
  }

  private readyWhenAll(): void {
    if ([...this.options.types.values()].every((type) => type.synced)) this.options.stage.enter('ready');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
