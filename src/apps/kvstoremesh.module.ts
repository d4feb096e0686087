import { type DynamicModule, Module } from '@nestjs/common';
import type { BuildInfo } from '../common/build-info.js';
import type { Log } from '../common/log.js';
import { AdminModule } from '../modules/admin/admin.module.js';
import { ClockModule } from '../modules/clock/clock.module.js';
import { CLUSTERMESH_OPTIONS } from '../modules/config/clustermesh-options.js';
import { ConfigModule } from '../modules/config/config.module.js';
import type { KvstoremeshOptions } from '../modules/config/kvstoremesh-options.js';
import { EtcdConnection } from '../modules/etcd/etcd-connection.js';
import { EtcdModule } from '../modules/etcd/etcd.module.js';
import { LEASE_POOL } from '../modules/etcd/kv.js';
import { HealthModule } from '../modules/health/health.module.js';
import { HttpModule } from '../modules/http/http.module.js';
import { KvstoremeshModule } from '../modules/kvstoremesh/kvstoremesh.module.js';
import { KvstoreMesh } from '../modules/kvstoremesh/kvstoremesh.service.js';
import { MeshReadiness } from '../modules/kvstoremesh/mesh-readiness.js';
import { meshTable } from '../modules/kvstoremesh/mesh-table.js';
import { LeaderElectionModule } from '../modules/leader-election/leader-election.module.js';
import { Leadership } from '../modules/leader-election/leadership.js';
import { LoggingModule } from '../modules/logging/logging.module.js';
import { MetricsModule } from '../modules/metrics/metrics.module.js';
import { MIRROR_TABLE } from '../modules/mirror/mirror-table.js';
import { MirrorModule } from '../modules/mirror/mirror.module.js';
import { MirrorService } from '../modules/mirror/mirror.service.js';
import { KvstoremeshStart } from './kvstoremesh-start.js';

/** `clustermesh-apiserver kvstoremesh`. Its imports, in the order of the data, are the architecture on one page. */
@Module({})
export class KvstoremeshAppModule {
  static register(options: KvstoremeshOptions, log: Log, build: BuildInfo): DynamicModule {
    const election = options.leaderElection
      ? [LeaderElectionModule.register(options.leaderElection, build)]
      : [];
    const health = HealthModule.register({
      imports: [KvstoremeshModule],
      readiness: [MeshReadiness],
      ...(options.leaderElection ? { standby: Leadership } : {}),
    });
    return {
      module: KvstoremeshAppModule,
      imports: [
        ClockModule,
        LoggingModule.forRoot(log),
        ConfigModule.forRoot(options),
        MetricsModule.register({ app: 'kvstoremesh', build }),
        HttpModule,
        ...election,
        // The local etcd; remote ones come and go with their configuration files.
        EtcdModule,
        // Desired state and writer: what makes the local etcd equal to the remote ones.
        MirrorModule.register({
          provide: MIRROR_TABLE,
          inject: [CLUSTERMESH_OPTIONS],
          useFactory: ({ clusterName }: KvstoremeshOptions) => meshTable(clusterName),
        }),
        // What feeds it.
        KvstoremeshModule,
        // What shows it.
        health,
        AdminModule.register({
          program: 'kvstoremesh',
          build,
          imports: [health, EtcdModule, KvstoremeshModule],
          stages: [...election.map(() => Leadership), KvstoreMesh, MirrorService, EtcdConnection, LEASE_POOL],
          resync: false,
        }),
      ],
      providers: [KvstoremeshStart],
    };
  }
}
