import { Module, type Provider } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import { CLUSTERMESH_OPTIONS } from '../config/clustermesh-options.js';
import type { KvstoremeshOptions } from '../config/kvstoremesh-options.js';
import { ControllerMetrics } from '../metrics/controller-metrics.js';
import { KvstoreMetrics } from '../metrics/kvstore-metrics.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { RemoteClusterMetrics } from '../metrics/remote-cluster-metrics.js';
import { RemoteObserver } from '../metrics/remote-observer.js';
import { DesiredState } from '../mirror/desired-state.js';
import { MirrorService } from '../mirror/mirror.service.js';
import { ApiDocumentController } from './api-document.controller.js';
import { ClusterApiController } from './cluster-api.controller.js';
import { ConnectGate } from './connect-gate.js';
import { KvstoreMesh } from './kvstoremesh.service.js';
import { MeshReadiness } from './mesh-readiness.js';
import type { SessionTiming } from './remote-session.js';

/** The times of spec/kvstoremesh.md §18, as a provider, so that tests need not wait for minutes. */
export const MESH_TIMING = Symbol('MeshTiming');

export interface MeshTiming extends SessionTiming {
  /** Between the removal of a configuration file and that of the data, ms. */
  readonly drainMs: number;
  /**
   * Of all remote clusters together: two for an endpoint that lets us in. 511 of them are connected within about five seconds, and
   * no network calls that a storm.
   */
  readonly connectsPerSecond: number;
}

const meshTiming: MeshTiming = {
  heartbeatMs: 120_000,
  answerMs: 10_000,
  configRetryMs: 5000,
  configLimitMs: 180_000,
  steadyMs: 30_000,
  drainMs: 180_000,
  connectsPerSecond: 200,
};

const providers: Provider[] = [
  { provide: MESH_TIMING, useValue: meshTiming },
  {
    provide: RemoteClusterMetrics,
    inject: [MetricsRegistry, CLUSTERMESH_OPTIONS],
    useFactory: (registry: MetricsRegistry, { clusterName }: KvstoremeshOptions) =>
      new RemoteClusterMetrics(registry, clusterName),
  },
  {
    provide: RemoteObserver,
    inject: [ControllerMetrics, KvstoreMetrics],
    useFactory: (controllers: ControllerMetrics, kvstore: KvstoreMetrics) =>
      new RemoteObserver(controllers, kvstore),
  },
  {
    provide: KvstoreMesh,
    inject: [
      CLUSTERMESH_OPTIONS,
      DesiredState,
      MirrorService,
      RemoteClusterMetrics,
      RemoteObserver,
      MESH_TIMING,
      CLOCK,
      LOG,
    ],
    useFactory: (
      options: KvstoremeshOptions,
      desired: DesiredState,
      mirror: MirrorService,
      metrics: RemoteClusterMetrics,
      observer: RemoteObserver,
      timing: MeshTiming,
      clock: Clock,
      log: Log,
    ) => {
      const maxPerSecond = timing.connectsPerSecond;
      const gate = new ConnectGate({ perSecond: maxPerSecond, clock });
      const mesh = new KvstoreMesh({
        options,
        desired,
        mirror,
        gate,
        metrics,
        observer,
        timing,
        drainMs: timing.drainMs,
        clock,
        log: log.child('kvstoremesh'),
        random: Math.random,
      });
      metrics.follow(() => ({ clusters: mesh.clusters(), attempts: gate.total, maxPerSecond }));
      return mesh;
    },
  },
  {
    provide: MeshReadiness,
    inject: [CLUSTERMESH_OPTIONS, KvstoreMesh, MirrorService, CLOCK, LOG],
    useFactory: (
      options: KvstoremeshOptions,
      mesh: KvstoreMesh,
      mirror: MirrorService,
      clock: Clock,
      log: Log,
    ) =>
      new MeshReadiness({
        mesh,
        mirror,
        perClusterMs: options.perClusterReadyTimeoutMs,
        globalMs: options.globalReadyTimeoutMs,
        clock,
        log: log.child('kvstoremesh'),
      }),
  },
];

/** Remote clusters into the local etcd: the source beside k8s-sync, over the same mirror. */
@Module({
  controllers: [ClusterApiController, ApiDocumentController],
  providers,
  exports: [KvstoreMesh, MeshReadiness],
})
export class KvstoremeshModule {}
