import { Module, type Provider } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { EtcdModule } from '../etcd/etcd.module.js';
import { GUARDED_KV, type GuardedKv } from '../etcd/guarded-kv.js';
import { KV, KV_WATCHER, type Kv, type KvWatcher, LEASE_POOL, type LeasePool } from '../etcd/kv.js';
import { IdentityAllocator } from '../identity-allocator/identity-allocator.js';
import { IdentityAllocatorModule } from '../identity-allocator/identity-allocator.module.js';
import { KUBE_API, type KubeApi } from '../kubernetes/kube-api.js';
import { PipelineMetrics } from '../metrics/pipeline-metrics.js';
import { WorkloadMetrics } from '../metrics/workload-metrics.js';
import { WriteBudget } from '../mirror/write-budget.js';
import { ExternalWorkloads } from './external-workloads.js';
import { ExternalWorkloadsService } from './external-workloads.service.js';

const externalWorkloads: Provider = {
  provide: ExternalWorkloads,
  inject: [
    CLUSTERMESH_OPTIONS,
    KUBE_API,
    KV,
    GUARDED_KV,
    KV_WATCHER,
    LEASE_POOL,
    WriteBudget,
    IdentityAllocator,
    PipelineMetrics,
    WorkloadMetrics,
    CLOCK,
    LOG,
  ],
  useFactory: (
    cluster: ClustermeshOptions,
    api: KubeApi,
    kv: Kv,
    guarded: GuardedKv,
    watcher: KvWatcher,
    leases: LeasePool,
    budget: WriteBudget,
    allocator: IdentityAllocator,
    pipeline: PipelineMetrics,
    metrics: WorkloadMetrics,
    clock: Clock,
    log: Log,
  ) =>
    new ExternalWorkloads({
      api,
      kv,
      guarded,
      watcher,
      leases,
      budget,
      allocator,
      cluster,
      clock,
      log: log.child('external-workloads'),
      random: Math.random,
      onResult: (result) => metrics.registration(result),
      onRejected: (resource) => pipeline.objectRejected(resource),
    }),
};

/** Only imported when external workloads are on: without them nothing is listed, watched or written on their behalf. */
@Module({
  imports: [EtcdModule, IdentityAllocatorModule],
  providers: [externalWorkloads, ExternalWorkloadsService],
  exports: [ExternalWorkloads, ExternalWorkloadsService],
})
export class ExternalWorkloadsModule {}
