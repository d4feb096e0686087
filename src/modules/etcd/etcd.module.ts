import { Module, type Provider } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { WRITE_FENCE, type WriteFence } from '../../common/write-fence.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { KvstoreMetrics } from '../metrics/kvstore-metrics.js';
import { EtcdConnection } from './etcd-connection.js';
import { EtcdKv } from './etcd-kv.js';
import { EtcdWatcher } from './etcd-watcher.js';
import { EtcdGuardedKv, GUARDED_KV } from './guarded-kv.js';
import { KV, KV_WATCHER, LEASE_POOL } from './kv.js';
import { LeaseClient } from './lease-client.js';
import { EtcdLeasePool } from './lease-pool.js';
import { MeteredKv } from './metered-kv.js';

type KvstoreSettings = Pick<ClustermeshOptions, 'kvstore'>;

const providers: Provider[] = [
  {
    provide: EtcdConnection,
    inject: [CLUSTERMESH_OPTIONS, KvstoreMetrics, CLOCK, LOG, { token: WRITE_FENCE, optional: true }],
    useFactory: (
      { kvstore }: KvstoreSettings,
      metrics: KvstoreMetrics,
      clock: Clock,
      log: Log,
      fence?: WriteFence,
    ) =>
      new EtcdConnection({
        fence,
        kvstore,
        clock,
        log: log.child('kvstore'),
        random: Math.random,
        onQuorumError: (error) => metrics.quorumError(error),
      }),
  },
  {
    provide: KV,
    inject: [EtcdConnection, KvstoreMetrics, CLOCK],
    useFactory: (connection: EtcdConnection, metrics: KvstoreMetrics, clock: Clock) =>
      new MeteredKv(new EtcdKv(() => connection.client()), metrics, clock),
  },
  {
    provide: GUARDED_KV,
    inject: [EtcdConnection],
    useFactory: (connection: EtcdConnection) => new EtcdGuardedKv(() => connection.client()),
  },
  {
    provide: KV_WATCHER,
    inject: [EtcdConnection, CLOCK],
    useFactory: (connection: EtcdConnection, clock: Clock) =>
      new EtcdWatcher({ client: () => connection.client(), clock, random: Math.random }),
  },
  {
    provide: LEASE_POOL,
    inject: [CLUSTERMESH_OPTIONS, EtcdConnection, KvstoreMetrics, CLOCK, LOG],
    useFactory: (
      { kvstore }: KvstoreSettings,
      connection: EtcdConnection,
      metrics: KvstoreMetrics,
      clock: Clock,
      log: Log,
    ) =>
      new EtcdLeasePool({
        calls: new LeaseClient(() => connection.client()),
        ttlMs: kvstore.leaseTtlMs,
        clock,
        log: log.child('kvstore'),
        random: Math.random,
        onGrant: (seconds, outcome) => metrics.operation('lease', 'AcquireLease', outcome, seconds),
        onCount: (leases) => metrics.leases(leases),
      }),
  },
];

/** The etcd that we write. Whoever starts the program calls EtcdConnection.connect(), then run(); the rest works on its client. */
@Module({ providers, exports: [EtcdConnection, KV, GUARDED_KV, KV_WATCHER, LEASE_POOL] })
export class EtcdModule {}
