import { bytesOf, textOf } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { StageSource, StageStatus } from '../../common/stage.js';
import type { TaskGroup } from '../../common/task-group.js';
import { clusterNameFault } from '../config/cluster-name.js';
import type { KvstoremeshOptions } from '../config/kvstoremesh-options.js';
import type { ConfigWarningGauge, RemoteClusterMetrics } from '../metrics/remote-cluster-metrics.js';
import type { RemoteObserver } from '../metrics/remote-observer.js';
import type { DesiredState } from '../mirror/desired-state.js';
import type { MirrorService } from '../mirror/mirror.service.js';
import { ClusterCache } from './cluster-cache.js';
import { clusterStage } from './cluster-stage.js';
import { clusterView, type ClusterView } from './cluster-view.js';
import { ConfigDirectory } from './config-directory.js';
import type { ConnectGate } from './connect-gate.js';
import { EntryAudit } from './entry-audit.js';
import { clusterOf } from './mesh-table.js';
import { RemoteBudget } from './remote-budget.js';
import { RemoteCluster } from './remote-cluster.js';
import { type ConfigWarning, configWarnings } from './remote-config.js';
import type { SessionTiming } from './remote-session.js';

export interface KvstoreMeshOptions {
  readonly options: KvstoremeshOptions;
  readonly desired: DesiredState;
  readonly mirror: MirrorService;
  readonly gate: ConnectGate;
  readonly metrics: RemoteClusterMetrics;
  readonly observer: RemoteObserver;
  readonly timing: SessionTiming;
  /** Between the removal of a configuration file and that of the data, ms. */
  readonly drainMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

interface Running {
  readonly cluster: RemoteCluster;
  readonly stop: () => Promise<void>;
}

/** Which remote clusters there are: follows the configuration directory, runs one RemoteCluster a file, drains what is gone. */
export class KvstoreMesh implements StageSource {
  private readonly running = new Map<string, Running>();
  /** Of those that run now; made when it is asked for. */
  private sorted: readonly RemoteCluster[] | undefined;
  /** Clusters that are being removed; true: their file is back, so they are added anew afterwards. */
  private readonly draining = new Map<string, boolean>();
  private tasks: TaskGroup | undefined;
  private directory: ConfigDirectory | undefined;

  private readonly audit: EntryAudit;

  constructor(private readonly parts: KvstoreMeshOptions) {
    this.audit = new EntryAudit(parts);
  }

  /** Sorted by name, byte by byte. */
  clusters(): readonly RemoteCluster[] {
    this.sorted ??= [...this.running.values()]
      .map(({ cluster }) => ({ cluster, name: bytesOf(cluster.name) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ cluster }) => cluster);
    return this.sorted;
  }

  views(): ClusterView[] {
    return this.clusters().map(clusterView);
  }

  /** Reads the directory, begins to connect. @throws StartError when there is no such directory. */
  async start(tasks: TaskGroup): Promise<void> {
    this.tasks = tasks;
    const { options, metrics, clock, log } = this.parts;
    const directory = new ConfigDirectory({
      path: options.clustermeshConfig,
      ownCluster: options.clusterName,
      clock,
      log,
      listener: {
        added: (name) => this.added(name),
        changed: (name) => this.changed(name),
        removed: (name) => this.removed(name),
      },
    });
    this.directory = directory;
    metrics.followWarnings(() => this.warningGauges());
    const before = this.storedClusters();
    await directory.open();
    for (const name of before) if (!this.running.has(name)) this.leftOver(name);
    tasks.spawn('audit of entries', (signal) => this.audit.run(signal));
    tasks.spawn('configuration directory', (signal) => directory.run(signal));
    if (options.cacheTtlMs > 0) tasks.spawn('cache expiry', (signal) => this.expire(signal));
  }

  stageStatus(): readonly StageStatus[] {
    const clusters = this.clusters();
    const claims = claimsOf(clusters);
    return [
      ...(this.directory?.stageStatus() ?? []),
      ...this.parts.gate.stageStatus(),
      ...clusters.map((cluster) => clusterStage(cluster, textsOf(this.warnings(cluster, claims)))),
    ];
  }

  private warnings({ name, config }: RemoteCluster, claims: Claims): ConfigWarning[] {
    const fault = clusterNameFault(name);
    const ofName =
      fault === undefined ? [] : [{ reason: 'invalid_name', text: `its name is invalid: ${fault}` }];
    if (!config) return ofName;
    const others = claims.get(config.id)?.filter((other) => other !== name) ?? [];
    const ids = others.map((other) => ({ name: other, id: config.id }));
    return [...ofName, ...configWarnings(config, this.parts.options, ids)];
  }

  private warningGauges(): ConfigWarningGauge[] {
    const clusters = this.clusters();
    const claims = claimsOf(clusters);
    const ofRemotes = clusters.flatMap((cluster) =>
      this.warnings(cluster, claims).map(({ reason }) => ({ cluster: cluster.name, reason })),
    );
    if (!this.directory?.namesOwnCluster) return ofRemotes;
    return [...ofRemotes, { cluster: this.parts.options.clusterName, reason: 'own_name' }];
  }

  private warn(cluster: RemoteCluster): void {
    const warnings = this.warnings(cluster, claimsOf(this.clusters()));
    if (warnings.length === 0) return;
    this.parts.log.warn('Remote cluster has a configuration that agents do not accept', {
      clusterName: cluster.name,
      warnings: textsOf(warnings).join('; '),
    });
  }

  /** What a previous run left in the local etcd. */
  private storedClusters(): ReadonlySet<string> {
    return new Set([...this.parts.desired.scopes.keys()].map((name) => textOf(clusterOf(name))));
  }

  private added(name: string): void {
    const { log } = this.parts;
    if (this.draining.has(name)) {
      log.info('Delaying configuration of remote cluster, which is still being removed', {
        clusterName: name,
      });
      this.draining.set(name, true);
      return;
    }
    const fault = clusterNameFault(name);
    if (fault !== undefined) log.error('Remote cluster name is invalid', { clusterName: name, error: fault });
    log.info('New remote cluster configuration', { clusterName: name });
    this.connect(name);
  }

  private changed(name: string): void {
    this.parts.log.info('etcd configuration has changed, re-creating connection', { clusterName: name });
    this.running.get(name)?.cluster.reconfigure();
  }

  private removed(name: string): void {
    this.parts.log.info('Remote cluster configuration removed', { clusterName: name });
    if (this.draining.has(name)) {
      this.draining.set(name, false);
      return;
    }
    const gone = this.running.get(name);
    if (!gone) return;
    this.running.delete(name);
    this.sorted = undefined;
    this.drain(name, gone.cluster.cache, gone.stop);
  }

  private leftOver(name: string): void {
    this.parts.log.info('A previous run left the cache of a cluster that is not configured', {
      clusterName: name,
    });
    this.drain(name, this.cacheOf(name), () => Promise.resolve());
  }

  private drain(name: string, cache: ClusterCache, stop: () => Promise<void>): void {
    const { options, drainMs, log } = this.parts;
    this.draining.set(name, false);
    this.tasks?.spawn(`removal of ${name}`, async (signal) => {
      await stop();
      if (!options.disableDrainOnDisconnection) {
        log.info('Removing the cached data of a remote cluster', { clusterName: name, delayMs: drainMs });
        await cache.drain(drainMs, signal);
        log.info('The cached data of a remote cluster is removed', { clusterName: name });
      }
      const back = this.draining.get(name);
      this.draining.delete(name);
      if (back && !signal.aborted) this.added(name);
    });
  }

  private cacheOf(name: string): ClusterCache {
    const { options, desired, mirror, clock, log } = this.parts;
    const { audit } = this;
    const { maxConnectedClusters } = options;
    return new ClusterCache({ cluster: name, maxConnectedClusters, desired, mirror, audit, clock, log });
  }

  private connect(name: string): void {
    const { options, gate, metrics, observer, timing, clock, log, random } = this.parts;
    const { kvstore } = options;
    const cluster = new RemoteCluster({
      name,
      directory: options.clustermeshConfig,
      cache: this.cacheOf(name),
      gate,
      budget: new RemoteBudget(kvstore, clock, metrics.limiter(name)),
      observer,
      onConfig: (connected) => this.warn(connected),
      keepAlive: { heartbeatMs: kvstore.keepaliveHeartbeatMs, timeoutMs: kvstore.keepaliveTimeoutMs },
      pageSize: kvstore.limit,
      timing,
      clock,
      log,
      random,
    });
    const end = new AbortController();
    let over: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (over = resolve));
    this.tasks?.spawn(`remote cluster ${name}`, (signal) =>
      cluster.run(AbortSignal.any([signal, end.signal])).finally(over),
    );
    const stop = (): Promise<void> => {
      end.abort();
      return ended;
    };
    this.running.set(name, { cluster, stop });
    this.sorted = undefined;
  }

  /** Drops the services of clusters that have been away for longer than `--clustermesh-cache-ttl`. */
  private async expire(signal: AbortSignal): Promise<void> {
    const { options, clock, log } = this.parts;
    while (!signal.aborted) {
      await clock.sleep(Math.min(1000, options.cacheTtlMs / 4), signal);
      for (const { name, awayMs, cache } of this.clusters()) {
        if (awayMs < options.cacheTtlMs) continue;
        const services = cache.expireServices();
        if (services > 0) log.warn('Services of a remote cluster expired', { clusterName: name, services });
      }
    }
  }
}

function textsOf(warnings: readonly ConfigWarning[]): string[] {
  return warnings.map(({ text }) => text);
}

/** Names of the clusters that claim each cluster ID. */
type Claims = ReadonlyMap<number, readonly string[]>;

function claimsOf(clusters: readonly RemoteCluster[]): Claims {
  const claims = new Map<number, string[]>();
  for (const { name, config } of clusters)
    if (config) claims.set(config.id, [...(claims.get(config.id) ?? []), name]);
  return claims;
}
