import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { Backoff } from '../../common/backoff.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { MIRROR_DIFF, MIRROR_RESYNC, MIRROR_STATUS } from './mirror-api.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { EtcdModule } from '../etcd/etcd.module.js';
import { KV, KV_WATCHER, type Kv, type KvWatcher, LEASE_POOL, type LeasePool } from '../etcd/kv.js';
import { KvstoreMetrics } from '../metrics/kvstore-metrics.js';
import { kvstoreScope } from '../metrics/kvstore-scope.js';
import { LimiterMetrics } from '../metrics/limiter-metrics.js';
import { DesiredState } from './desired-state.js';
import { Drift } from './drift.js';
import { MIRROR_TABLE, type MirrorTable } from './mirror-table.js';
import { MirrorAdmin } from './mirror-admin.service.js';
import { MirrorReadiness } from './mirror-readiness.js';
import { MirrorService } from './mirror.service.js';
import { StoredState } from './stored-state.js';
import { WriteBudget } from './write-budget.js';
import { Writer } from './writer.js';

type KvstoreSettings = Pick<ClustermeshOptions, 'kvstore'>;

const providers: Provider[] = [
  {
    provide: DesiredState,
    inject: [MIRROR_TABLE],
    useFactory: (table: MirrorTable) => new DesiredState(table.scopes),
  },
  {
    provide: StoredState,
    inject: [DesiredState, KV, LEASE_POOL],
    useFactory: (desired: DesiredState, kv: Kv, leases: LeasePool) => new StoredState(desired, kv, leases),
  },
  {
    provide: WriteBudget,
    inject: [CLUSTERMESH_OPTIONS, CLOCK, KvstoreMetrics, LimiterMetrics],
    useFactory: (options: KvstoreSettings, clock: Clock, kvstore: KvstoreMetrics, limiter: LimiterMetrics) =>
      new WriteBudget(options.kvstore, clock, kvstore, limiter),
  },
  {
    provide: Writer,
    inject: [CLUSTERMESH_OPTIONS, DesiredState, KV, LEASE_POOL, WriteBudget, CLOCK, LOG],
    useFactory: (
      { kvstore }: KvstoreSettings,
      desired: DesiredState,
      kv: Kv,
      leases: LeasePool,
      budget: WriteBudget,
      clock: Clock,
      log: Log,
    ) =>
      new Writer({
        desired,
        kv,
        leases,
        budget,
        pause: () => new Backoff({ baseMs: 20, maxMs: 2000, jitter: 'full', random: Math.random }),
        clock,
        log: log.child('shared-store'),
        observer: budget,
        maxTxnOps: kvstore.maxTxnOps,
        maxInflight: kvstore.maxInflight,
      }),
  },
  {
    provide: Drift,
    inject: [
      MIRROR_TABLE,
      DesiredState,
      StoredState,
      Writer,
      KV_WATCHER,
      LEASE_POOL,
      KvstoreMetrics,
      CLOCK,
      LOG,
    ],
    useFactory: (
      table: MirrorTable,
      desired: DesiredState,
      stored: StoredState,
      writer: Writer,
      watcher: KvWatcher,
      leases: LeasePool,
      metrics: KvstoreMetrics,
      clock: Clock,
      log: Log,
    ) =>
      new Drift({
        desired,
        stored,
        watcher,
        leases,
        clock,
        log: log.child('drift'),
        onEvent: (key, action) => {
          if (table.countsOwnEvents) metrics.eventQueued(kvstoreScope(key), action, 0);
        },
        onRepair: (scope, kind) => metrics.driftRepaired(scope, kind),
        onReconnected: () => writer.retryNow(),
      }),
  },
  {
    provide: MirrorService,
    inject: [
      MIRROR_TABLE,
      DesiredState,
      StoredState,
      Writer,
      Drift,
      LEASE_POOL,
      WriteBudget,
      KvstoreMetrics,
      CLOCK,
      LOG,
    ],
    useFactory: (
      table: MirrorTable,
      desired: DesiredState,
      stored: StoredState,
      writer: Writer,
      drift: Drift,
      leases: LeasePool,
      budget: WriteBudget,
      metrics: KvstoreMetrics,
      clock: Clock,
      log: Log,
    ) =>
      new MirrorService({
        table,
        desired,
        stored,
        writer,
        drift,
        leases,
        budget,
        metrics,
        clock,
        log: log.child('shared-store'),
      }),
  },
  {
    provide: MirrorReadiness,
    inject: [MIRROR_TABLE, DesiredState, MirrorService, CLOCK],
    useFactory: (table: MirrorTable, desired: DesiredState, mirror: MirrorService, clock: Clock) =>
      new MirrorReadiness(table, desired, mirror, clock.now()),
  },
  {
    provide: MirrorAdmin,
    inject: [MIRROR_TABLE, DesiredState, StoredState, Drift, MirrorService, CLOCK],
    useFactory: (
      table: MirrorTable,
      desired: DesiredState,
      stored: StoredState,
      drift: Drift,
      mirror: MirrorService,
      clock: Clock,
    ) => new MirrorAdmin({ table, desired, stored, drift, mirror, clock }),
  },
  { provide: MIRROR_STATUS, useExisting: MirrorAdmin },
  { provide: MIRROR_RESYNC, useExisting: MirrorAdmin },
  { provide: MIRROR_DIFF, useExisting: MirrorAdmin },
];

/** The one act of the program: make a set of keys in etcd equal to a desired set. Shared by the sources that feed it. */
@Module({})
export class MirrorModule {
  /** `table`: what to mirror, as a provider of MIRROR_TABLE. */
  static register(table: Provider): DynamicModule {
    return {
      module: MirrorModule,
      global: true,
      imports: [EtcdModule],
      providers: [table, ...providers],
      exports: [
        DesiredState,
        StoredState,
        Writer,
        WriteBudget,
        MirrorService,
        MirrorReadiness,
        MirrorAdmin,
        MIRROR_STATUS,
        MIRROR_RESYNC,
        MIRROR_DIFF,
      ],
    };
  }
}
