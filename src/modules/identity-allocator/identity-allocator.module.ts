import { Module, type Provider } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { KUBE_API, type KubeApi } from '../kubernetes/kube-api.js';
import { WorkloadMetrics } from '../metrics/workload-metrics.js';
import { IdentityAllocator } from './identity-allocator.js';
import { IdentityIndex } from './identity-index.js';
import { identityRange } from './identity-range.js';

type Settings = Pick<ClustermeshOptions, 'clusterId' | 'maxConnectedClusters'>;

const providers: Provider[] = [
  {
    provide: IdentityIndex,
    inject: [CLUSTERMESH_OPTIONS],
    useFactory: ({ clusterId, maxConnectedClusters }: Settings) =>
      new IdentityIndex(identityRange(clusterId, maxConnectedClusters)),
  },
  {
    provide: IdentityAllocator,
    inject: [CLUSTERMESH_OPTIONS, KUBE_API, IdentityIndex, WorkloadMetrics, CLOCK, LOG],
    useFactory: (
      { clusterId, maxConnectedClusters }: Settings,
      api: KubeApi,
      index: IdentityIndex,
      metrics: WorkloadMetrics,
      clock: Clock,
      log: Log,
    ) =>
      new IdentityAllocator({
        api,
        index,
        range: identityRange(clusterId, maxConnectedClusters),
        clock,
        log: log.child('identity-allocator'),
        random: Math.random,
        onAllocation: (outcome) => metrics.allocation(outcome),
      }),
  },
];

/** Security identities for what this program puts into the cluster. Whoever uses it feeds the index and runs the allocator. */
@Module({
  providers,
  exports: [IdentityIndex, IdentityAllocator],
})
export class IdentityAllocatorModule {}
