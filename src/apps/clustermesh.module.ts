import { type DynamicModule, Module } from '@nestjs/common';
import type { BuildInfo } from '../common/build-info.js';
import type { Log } from '../common/log.js';
import { AdminModule } from '../modules/admin/admin.module.js';
import { ClockModule } from '../modules/clock/clock.module.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../modules/config/clustermesh-options.js';
import { ConfigModule } from '../modules/config/config.module.js';
import { EtcdConnection } from '../modules/etcd/etcd-connection.js';
import { EtcdModule } from '../modules/etcd/etcd.module.js';
import { LEASE_POOL } from '../modules/etcd/kv.js';
import { EtcdUsers } from '../modules/etcd-users/etcd-users.js';
import { EtcdUsersModule } from '../modules/etcd-users/etcd-users.module.js';
import { ExternalWorkloads } from '../modules/external-workloads/external-workloads.js';
import { ExternalWorkloadsModule } from '../modules/external-workloads/external-workloads.module.js';
import { ExternalWorkloadsService } from '../modules/external-workloads/external-workloads.service.js';
import { HealthModule } from '../modules/health/health.module.js';
import { HeartbeatModule } from '../modules/heartbeat/heartbeat.module.js';
import { HttpModule } from '../modules/http/http.module.js';
import { clustermeshTable } from '../modules/k8s-sync/clustermesh-table.js';
import { K8sSyncModule } from '../modules/k8s-sync/k8s-sync.module.js';
import { K8sSyncService } from '../modules/k8s-sync/k8s-sync.service.js';
import { KubernetesConnection } from '../modules/kubernetes/kubernetes-connection.js';
import { KubernetesModule } from '../modules/kubernetes/kubernetes.module.js';
import { LeaderElectionModule } from '../modules/leader-election/leader-election.module.js';
import { Leadership } from '../modules/leader-election/leadership.js';
import { LoggingModule } from '../modules/logging/logging.module.js';
import { MetricsModule } from '../modules/metrics/metrics.module.js';
import { MirrorReadiness } from '../modules/mirror/mirror-readiness.js';
import { MIRROR_TABLE } from '../modules/mirror/mirror-table.js';
import { MirrorModule } from '../modules/mirror/mirror.module.js';
import { MirrorService } from '../modules/mirror/mirror.service.js';
import { ClustermeshStart } from './clustermesh-start.js';

/** `clustermesh-apiserver clustermesh`. Its imports, in the order of the data, are the architecture on one page. */
@Module({})
export class ClustermeshModule {
  static register(options: ClustermeshOptions, log: Log, build: BuildInfo): DynamicModule {
    const external = options.enableExternalWorkloads ? [ExternalWorkloadsModule] : [];
    const users = options.clusterUsersEnabled ? [EtcdUsersModule] : [];
    const election = options.leaderElection
      ? [LeaderElectionModule.register(options.leaderElection, build)]
      : [];
    const health = HealthModule.register({
      ...(options.leaderElection ? { standby: Leadership } : {}),
      imports: external,
      readiness: [MirrorReadiness, ...external.map(() => ExternalWorkloads)],
    });
    return {
      module: ClustermeshModule,
      imports: [
        ClockModule,
        LoggingModule.forRoot(log),
        ConfigModule.forRoot(options),
        MetricsModule.register({ app: 'clustermesh', build }),
        HttpModule,
        ...election,
        // Kubernetes and etcd: the two outside worlds.
        KubernetesModule.register({ environment: options.kubernetes.environment, build }),
        EtcdModule,
        // Desired state and writer: what makes etcd equal to what Kubernetes says.
        MirrorModule.register({
          provide: MIRROR_TABLE,
          inject: [CLUSTERMESH_OPTIONS],
          useFactory: ({ clusterName }: ClustermeshOptions) => clustermeshTable(clusterName),
        }),
        // What feeds it.
        HeartbeatModule,
        K8sSyncModule,
        ...external,
        // Beside the keys: who may read them.
        ...users,
        // What shows it.
        health,
        AdminModule.register({
          program: 'clustermesh',
          build,
          imports: [health, EtcdModule, K8sSyncModule, ...external, ...users],
          stages: [
            ...election.map(() => Leadership),
            KubernetesConnection,
            K8sSyncService,
            ...external.map(() => ExternalWorkloadsService),
            MirrorService,
            EtcdConnection,
            LEASE_POOL,
            ...users.map(() => EtcdUsers),
          ],
        }),
      ],
      providers: [ClustermeshStart],
    };
  }
}
