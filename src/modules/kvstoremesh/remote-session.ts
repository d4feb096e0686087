import type { Clock } from '../../common/clock.js';
import { together } from '../../common/together.js';
import { EtcdFault } from '../etcd/kv.js';
import type { RemoteEtcd } from '../etcd/remote/remote-etcd.js';
import type { CachedType } from './cached-type.js';
import { follow, keyOf } from './follow.js';
import {
  clusterConfigKey,
  HEARTBEAT_KEY,
  type MeshType,
  remoteCanary,
  remotePrefix,
  syncedPrefix,
} from './mesh-keys.js';
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
  /** Before anything is read by it. */
  readonly onConfig: (config: RemoteConfig) => void;
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
}

const denied = (error: unknown): boolean => error instanceof EtcdFault && error.kind === 'permission-denied';

/**
 * One connection to one remote cluster, from being let in to its end: heartbeat, configuration, canaries, then each type as
 * soon as its canary is there. The cache is brought up to date by whole lists only, so losing a connection costs nothing.
 */
export class RemoteSession {
  private heardAt: number;
  private readonly canaries = new Map<MeshType, () => void>();

  constructor(private readonly options: RemoteSessionOptions) {
    this.heardAt = options.clock.monotonic();
  }

  /** Resolves on abort. @throws EtcdFault with the reason for which the connection is to be replaced. */
  async run(signal: AbortSignal): Promise<void> {
    let standing: () => void = () => undefined;
    const stands = new Promise<void>((resolve) => (standing = resolve));
    try {
      await together(signal, [
        (s) => this.listen(standing, s),
        (s) => this.guard(s),
        async (s) => {
          await this.opened(stands, s);
          const config = await this.config(s);
          if (config) await this.copy(config, s);
        },
      ]);
    } catch (error) {
      throw this.options.remote.foreign ?? error;
    } finally {
      for (const type of this.options.types.values()) type.state = 'idle';
    }
  }

  /** A heartbeat that may not be read counts as none, but says so. */
  private async listen(standing: () => void, signal: AbortSignal): Promise<void> {
    const { remote, clock, stage, pageSize, timing } = this.options;
    const beat = (): void => {
      this.heardAt = clock.monotonic();
    };
    const none = (): void => undefined;
    const follower = { begin: none, entry: none, listed: beat, event: beat, watching: standing };
    while (!signal.aborted) {
      try {
        await follow(remote, HEARTBEAT_KEY, follower, { pageSize, signal });
      } catch (error) {
        if (!denied(error)) throw error;
        stage.failed(error, 'heartbeat');
        standing();
        await clock.sleep(timing.heartbeatMs / 4, signal);
      }
    }
  }

  private async guard(signal: AbortSignal): Promise<void> {
    const { clock, timing } = this.options;
    while (!signal.aborted) {
      const left = this.heardAt + timing.heartbeatMs - clock.monotonic();
      if (left <= 0) throw new EtcdFault(`no heartbeat for ${timing.heartbeatMs / 1000} s`, 'timeout');
      await clock.sleep(left, signal);
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
    const { clock, stage, timing, onConfig } = this.options;
    stage.enter('config');
    const deadline = clock.monotonic() + timing.configLimitMs;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const config = await this.readConfig(signal);
      if (!(config instanceof Error)) {
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
    const { remote, cluster } = this.options;
    try {
      const entry = await remote.get(clusterConfigKey(cluster), { signal });
      if (!entry || entry.value === '') return new Error('not found');
      return parseRemoteConfig(entry.value);
    } catch (error) {
      if (error instanceof EtcdFault && !denied(error)) throw error;
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private async copy(config: RemoteConfig, signal: AbortSignal): Promise<void> {
    const { types, stage, cluster } = this.options;
    stage.enter('syncing');
    const tasks = [...types.values()].map((type) => {
      type.state = 'waiting for the canary';
      const canary = new Promise<void>((resolve) => this.canaries.set(type.type, resolve));
      const prefix = remotePrefix(type.type, cluster, config.cached);
      return async (s: AbortSignal): Promise<void> => {
        await Promise.race([canary, aborted(s)]);
        if (!s.aborted) await this.copyType(type, prefix, s);
      };
    });
    if (!config.syncedCanaries) for (const resolve of this.canaries.values()) resolve();
    else tasks.push((s) => this.watchCanaries(config, s));
    await together(signal, tasks);
  }

  private async watchCanaries({ cached }: RemoteConfig, signal: AbortSignal): Promise<void> {
    const { remote, cluster, types, pageSize } = this.options;
    const names = new Map([...types.keys()].map((type) => [remoteCanary(type, cluster, cached), type]));
    const seen = (key: string): void => {
      const type = names.get(key);
      if (type) this.canaries.get(type)?.();
    };
    const none = (): void => undefined;
    const follower = {
      begin: none,
      listed: none,
      entry: ({ key }: { key: string }) => seen(key),
      // A canary that is deleted later says nothing: the type is being watched by then.
      event: (event: Parameters<typeof keyOf>[0]) => {
        if (event.type === 'put') seen(event.entry.key);
      },
    };
    await follow(remote, syncedPrefix(cluster), follower, { pageSize, signal });
  }

  private async copyType(type: CachedType, prefix: string, signal: AbortSignal): Promise<void> {
    const { remote, pageSize, onListed } = this.options;
    let listed = new Set<string>();
    const follower = {
      begin: () => {
        if (!type.synced) type.state = 'listing';
        listed = new Set();
      },
      entry: ({ key, value }: { key: string; value: string }) => {
        listed.add(type.put(key.slice(prefix.length), value));
      },
      listed: () => {
        type.keepOnly(listed);
        listed = new Set();
        type.state = 'watching';
        this.readyWhenAll();
        onListed(type);
      },
      event: (event: Parameters<typeof keyOf>[0]) => {
        const suffix = keyOf(event).slice(prefix.length);
        if (event.type === 'put') type.put(suffix, event.entry.value);
        else type.remove(suffix);
      },
    };
    await follow(remote, prefix, follower, { pageSize, signal });
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
