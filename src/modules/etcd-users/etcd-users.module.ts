import { Module, type Provider } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { builtinAccounts } from '../etcd/builtin-accounts.js';
import { EtcdAuthClient } from '../etcd/etcd-auth.js';
import { EtcdConnection } from '../etcd/etcd-connection.js';
import { EtcdModule } from '../etcd/etcd.module.js';
import { KV, type Kv } from '../etcd/kv.js';
import { ControllerMetrics } from '../metrics/controller-metrics.js';
import { EtcdUsers } from './etcd-users.js';
import { UserRecords } from './user-records.js';
import { UsersFileWatch } from './users-file-watch.js';
import { UsersReconciler } from './users-reconciler.js';

const etcdUsers: Provider = {
  provide: EtcdUsers,
  inject: [CLUSTERMESH_OPTIONS, EtcdConnection, KV, ControllerMetrics, CLOCK, LOG],
  useFactory: (
    { clusterName, clusterUsersConfigPath: path, kvstore }: ClustermeshOptions,
    connection: EtcdConnection,
    kv: Kv,
    metrics: ControllerMetrics,
    clock: Clock,
    rootLog: Log,
  ) => {
    const log = rootLog.child('etcd-users-mgmt');
    const reconciler = new UsersReconciler({
      auth: new EtcdAuthClient(() => connection.client()),
      records: new UserRecords(kv),
      builtin: new Map(builtinAccounts(clusterName).map(({ user, role }) => [user, role])),
      log,
    });
    return new EtcdUsers({
      path,
      file: new UsersFileWatch({ path, clock }),
      reconciler,
      clock,
      log,
      random: Math.random,
      periodMs: kvstore.periodicSyncMs,
      onRun: (status) => metrics.run('clustermesh-users-management', status),
    });
  },
};

/** Users file → etcd users. Imported only with `--cluster-users-enabled`. */
@Module({ imports: [EtcdModule], providers: [etcdUsers], exports: [EtcdUsers] })
export class EtcdUsersModule {}
