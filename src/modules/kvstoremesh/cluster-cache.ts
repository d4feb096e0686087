import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { clusterConfigValue } from '../k8s-sync/projections/cluster-config.js';
import type { DesiredState } from '../mirror/desired-state.js';
import type { MirrorService } from '../mirror/mirror.service.js';
import type { Scope } from '../mirror/scope.js';
import { CachedType } from './cached-type.js';
import type { EntryAudit } from './entry-audit.js';
import {
  canaryScope,
  clusterConfigKey,
  configScope,
  localCanary,
  MESH_TYPES,
  type MeshType,
  typeScope,
} from './mesh-keys.js';
import type { RemoteConfig } from './remote-config.js';

export interface ClusterCacheOptions {
  readonly cluster: string;
  readonly maxConnectedClusters: number;
  readonly desired: DesiredState;
  readonly mirror: Pick<MirrorService, 'addScope' | 'withdrawCanary' | 'listed' | 'waitingFor'>;
  readonly audit: Pick<EntryAudit, 'add'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Which faults of entries are told one by one; of more only the count is. */
const toldFaults = 5;
const settlePollMs = 50;

/** Everything of one remote cluster in the local etcd: its configuration, four canaries, four types of copies. */
export class ClusterCache {
  readonly types: ReadonlyMap<MeshType, CachedType>;
  private readonly config: Scope;
  private readonly canaries: Scope;
  private told = 0;

  constructor(private readonly options: ClusterCacheOptions) {
    const { cluster, mirror, desired, clock } = options;
    this.config = mirror.addScope(configScope(cluster));
    this.canaries = mirror.addScope(canaryScope(cluster));
    const make = (type: MeshType): CachedType => {
      const canary = { key: localCanary(type, cluster), scope: this.canaries.name };
      const scope = mirror.addScope(typeScope(type, cluster), canary);
      const onFault = (of: MeshType, key: string, fault: string): void => this.faulty(of, key, fault);
      return new CachedType({ type, cluster, scope, desired, clock, onFault });
    };
    this.types = new Map(MESH_TYPES.map((type) => [type, make(type)]));
  }

  /** All four canaries are known to be stored. */
  get written(): boolean {
    const waiting = this.options.mirror.waitingFor();
    return [...this.types.values()].every(({ scope }) => !waiting.has(scope.name));
  }

  /** Entries that agents skip. */
  get faultyEntries(): number {
    return [...this.types.values()].reduce((n, type) => n + type.faulty, 0);
  }

  /** Our copy is a cache with canaries whatever the source is (spec/kvstoremesh.md §6.2). */
  configure({ id, maxConnectedClusters }: RemoteConfig): void {
    const { cluster, desired, maxConnectedClusters: ownMaximum } = this.options;
    const value = clusterConfigValue({ clusterId: id, maxConnectedClusters, cached: true });
    desired.replace(this.config, 'cluster-config', [{ key: clusterConfigKey(cluster), value }]);
    for (const type of this.types.values()) type.expect(id, ownMaximum);
    this.told = 0;
  }

  /** The list of a type is complete: what a previous run left beyond it goes, and its canary comes. */
  listed(type: CachedType): void {
    this.options.mirror.listed(type.scope.name);
    this.options.audit.add(type);
  }

  /** Resolves true when the local etcd holds the configuration, false on abort. */
  async configStored(signal: AbortSignal): Promise<boolean> {
    const key = clusterConfigKey(this.options.cluster);
    while (!signal.aborted) {
      if (this.config.records.get(key)?.dirty === false) return true;
      await this.options.clock.sleep(settlePollMs, signal);
    }
    return false;
  }

  /**
   * Drops the services: better none than those of a cluster that has been away for too long. Those that are being followed
   * stay: a cluster may be kept from being ready by another type alone.
   */
  expireServices(): number {
    const services = this.types.get('services');
    if (!services || services.followed) return 0;
    const dropped = services.scope.records.size;
    services.clear();
    this.options.desired.sweep(services.scope);
    return dropped;
  }

  /**
   * Removes the cluster: its configuration at once, so that no new agent connects; the rest after the delay, which gives
   * agents the time to go first; canaries before the data, as nobody is to trust a half-removed copy.
   * Resolves when all is gone and the scopes are, too, or on abort.
   */
  async drain(delayMs: number, signal: AbortSignal): Promise<void> {
    const { desired, mirror, clock } = this.options;
    desired.remove(this.config, 'cluster-config');
    desired.sweep(this.config);
    await clock.sleep(delayMs, signal);
    if (signal.aborted) return;
    for (const { scope } of this.types.values()) mirror.withdrawCanary(scope.name);
    desired.sweep(this.canaries);
    await this.gone(this.canaries, signal);
    for (const type of this.types.values()) {
      type.clear();
      desired.sweep(type.scope);
      await this.gone(type.scope, signal);
    }
    await this.gone(this.config, signal);
    if (signal.aborted) return;
    for (const scope of this.scopes()) desired.removeScope(scope);
  }

  private scopes(): Scope[] {
    return [this.config, this.canaries, ...[...this.types.values()].map((type) => type.scope)];
  }

  private async gone(scope: Scope, signal: AbortSignal): Promise<void> {
    while (scope.records.size > 0 && !signal.aborted) await this.options.clock.sleep(settlePollMs, signal);
  }

  private faulty(type: MeshType, key: string, fault: string): void {
    if (this.told >= toldFaults) return;
    this.told++;
    const { cluster, log } = this.options;
    const more = this.told === toldFaults ? ' Further ones are only counted.' : '';
    log.warn(`Agents will skip an entry of a remote cluster.${more}`, {
      clusterName: cluster,
      type,
      key,
      fault,
    });
  }
}
