import { join } from 'node:path';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { CauseLog } from '../etcd/cause-log.js';
import { EtcdConfigError } from '../etcd/config/etcd-config.js';
import { MissingFileError, readSettings } from '../etcd/config/etcd-config-loader.js';
import type { KeepAlive } from '../etcd/etcd-channel.js';
import { EtcdFault } from '../etcd/kv.js';
import type { RequestBudget } from '../etcd/remote/guarded-client.js';
import { connectRemote, type RemoteEtcd } from '../etcd/remote/remote-etcd.js';
import type { RemoteObserver } from '../metrics/remote-observer.js';
import type { ClusterCache } from './cluster-cache.js';
import type { ConnectGate } from './connect-gate.js';
import { ConnectPace } from './connect-pace.js';
import { HEARTBEAT_KEY } from './mesh-keys.js';
import type { RemoteConfig } from './remote-config.js';
import { RemoteSession, type SessionTiming } from './remote-session.js';
import { RemoteStage } from './remote-stage.js';

export interface RemoteClusterOptions {
  readonly name: string;
  /** Of the configuration directory. */
  readonly directory: string;
  readonly cache: ClusterCache;
  readonly gate: ConnectGate;
  readonly budget: RequestBudget;
  readonly observer: RemoteObserver;
  /** Its configuration was read. */
  readonly onConfig: (cluster: RemoteCluster) => void;
  readonly keepAlive: KeepAlive;
  readonly pageSize: number;
  readonly timing: SessionTiming;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * A remote cluster, from the day its configuration file appears to the day it is gone: one connection after the other, each
 * with a session of its own, over a cache that outlives them all.
 */
export class RemoteCluster {
  readonly name: string;
  readonly cache: ClusterCache;
  readonly stage: RemoteStage;
  /** Connections that were lost after they had come so far that the cluster's configuration was known. */
  failures = 0;
  /** ms since the epoch; 0: never. */
  lastFailureAt = 0;
  attempts = 0;
  /** Monotonic ms. */
  private readonly createdAt: number;
  /** Monotonic ms since which it has not been ready; undefined while it is. */
  private awaySince: number | undefined;
  private connection: RemoteEtcd | undefined;
  private known: RemoteConfig | undefined;
  private configuredAt = 0;
  private change = new AbortController();
  private readonly causes: CauseLog;

  constructor(private readonly options: RemoteClusterOptions) {
    const { clock } = options;
    this.name = options.name;
    this.cache = options.cache;
    this.stage = new RemoteStage(() => clock.now());
    this.createdAt = clock.monotonic();
    this.awaySince = this.createdAt;
    this.causes = new CauseLog(options.log, clock);
  }

  /** The present connection; undefined while there is none. */
  get remote(): RemoteEtcd | undefined {
    return this.connection;
  }

  /** What the cluster said of itself on the present connection. */
  get config(): RemoteConfig | undefined {
    return this.known;
  }

  /** ms since the file appeared. */
  get ageMs(): number {
    return this.options.clock.monotonic() - this.createdAt;
  }

  /** For how many ms it has not been ready, so that its cache ages. By a clock that nobody sets: services expire by it. */
  get awayMs(): number {
    return this.awaySince === undefined ? 0 : this.options.clock.monotonic() - this.awaySince;
  }

  get ready(): boolean {
    return this.stage.name === 'ready';
  }

  /** Its configuration file has changed: connect anew at once; the cache stays. */
  reconfigure(): void {
    this.change.abort();
  }

  /** Resolves on abort. Rejects for a bug only. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, timing } = this.options;
    const pace = new ConnectPace({ steadyMs: timing.steadyMs, random });
    while (!signal.aborted) {
      this.change = new AbortController();
      const either = AbortSignal.any([signal, this.change.signal]);
      const lastedMs = await this.attempt(either);
      if (!either.aborted) await clock.sleep(pace.pauseAfter(lastedMs), either);
      if (!this.change.signal.aborted) continue;
      pace.reset();
      this.stage.restart();
    }
  }

  /** @returns for how long the cluster's configuration was known, ms. */
  private async attempt(signal: AbortSignal): Promise<number> {
    this.attempts++;
    try {
      await this.connect(signal);
    } catch (error) {
      if (!isOutage(error)) throw error;
      if (!signal.aborted) this.lost(error);
    }
    const { lastedMs } = this;
    this.disconnected();
    return lastedMs;
  }

  private get lastedMs(): number {
    return this.known ? this.options.clock.monotonic() - this.configuredAt : 0;
  }

  private disconnected(): void {
    this.connection?.close();
    this.connection = undefined;
    this.known = undefined;
    this.awaySince ??= this.options.clock.monotonic();
  }

  private async connect(signal: AbortSignal): Promise<void> {
    const { directory, cache, keepAlive, budget, observer, clock, random, timing, pageSize, log } =
      this.options;
    const { stage, name } = this;
    stage.enter('files');
    const settings = await readSettings({ configPath: join(directory, name) });
    const remote = await connectRemote(settings, {
      keepAlive,
      budget,
      clock,
      random,
      signal,
      probe: HEARTBEAT_KEY,
      timeoutMs: timing.answerMs,
      onStep: (step) => stage.enter(step),
      admit: (s) => {
        stage.enter('queued');
        return this.options.gate.take(s);
      },
    });
    this.connection = remote;
    log.info('Connection to remote cluster established', {
      clusterName: name,
      endpoint: remote.endpoint,
      etcdClusterID: remote.clusterId,
    });
    const session = new RemoteSession({
      cluster: name,
      remote,
      types: cache.types,
      stage,
      pageSize,
      timing,
      clock,
      observer,
      enforced: async (s) => {
        if (await cache.configStored(s)) observer.ran('clustermesh-cluster-config-enforcer', 'success');
      },
      onConfig: (config) => this.configured(config),
      onListed: (type) => {
        cache.listed(type);
        if (this.ready) this.synchronized();
      },
    });
    await session.run(signal);
  }

  private configured(config: RemoteConfig): void {
    this.known = config;
    this.configuredAt = this.options.clock.monotonic();
    this.options.log.info('Found remote cluster configuration', {
      clusterName: this.name,
      clusterID: config.id,
    });
    this.cache.configure(config);
    this.options.observer.ran('clustermesh-remote-cluster', 'success');
    this.options.onConfig(this);
  }

  private synchronized(): void {
    if (this.awaySince === undefined) return;
    this.awaySince = undefined;
    this.options.log.info('Remote cluster is synchronized', { clusterName: this.name });
  }

  private lost(error: Error): void {
    const clusterName = this.name;
    // Not as soon as it is connected: one that comes and goes is no news each time.
    if (this.lastedMs >= this.options.timing.steadyMs) this.causes.reset();
    if (this.known === undefined) {
      this.options.observer.ran('clustermesh-remote-cluster', 'failure');
      this.stage.stuck(error);
      this.causes.warn('Unable to use remote cluster. Retrying...', {
        clusterName,
        stage: this.stage.name,
        error,
      });
      return;
    }
    this.failures++;
    this.lastFailureAt = this.options.clock.now();
    this.stage.failed(error);
    this.stage.restart();
    this.causes.warn('Connection to remote cluster was lost, reconnecting', { clusterName, error });
  }
}

function isOutage(error: unknown): error is Error {
  return error instanceof EtcdFault || error instanceof EtcdConfigError || error instanceof MissingFileError;
}
