import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import type { StageSource, StageStatus } from '../../common/stage.js';
import type { TaskGroup } from '../../common/task-group.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { KUBE_API, type KubeApi, type ResourceSink } from '../kubernetes/kube-api.js';
import type { KubernetesServer } from '../kubernetes/kubernetes-connection.js';
import { Reflector } from '../kubernetes/reflector.js';
import { PipelineMetrics } from '../metrics/pipeline-metrics.js';
import { DesiredState } from '../mirror/desired-state.js';
import { MirrorAdmin } from '../mirror/mirror-admin.service.js';
import { MirrorService } from '../mirror/mirror.service.js';
import { type Pipeline, pipelinesFor } from './pipelines.js';
import { type ResourceTaps, tapped } from './resource-taps.js';

/** Mirrors the cluster's objects: one reflector a resource, each feeding its projection (spec/k8s-sync.md §1, §4). */
@Injectable()
export class K8sSyncService implements StageSource {
  private reflectors: { scope: string; reflector: Reflector }[] = [];

  constructor(
    private readonly desired: DesiredState,
    private readonly mirror: MirrorService,
    private readonly admin: MirrorAdmin,
    private readonly metrics: PipelineMetrics,
    @Inject(CLUSTERMESH_OPTIONS) private readonly options: ClustermeshOptions,
    @Inject(KUBE_API) private readonly api: KubeApi,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * Starts listing and watching. Services at once; what Cilium defines when its CRDs are there.
   * @param crds resolves when the CRDs have been found.
   * @param taps by the resource's plural: who is to be given its objects too.
   */
  start(
    server: KubernetesServer,
    crds: Promise<void>,
    tasks: TaskGroup,
    taps: ResourceTaps = new Map(),
  ): void {
    const { desired, options, clock, metrics } = this;
    const pipelines = pipelinesFor({
      desired,
      options,
      slices: server.slicesSource,
      clock,
      log: this.log.child('clustermesh-apiserver'),
      onListed: (scope) => this.mirror.listed(scope),
      onRejected: (resource) => metrics.objectRejected(resource),
    });
    this.reflectors = pipelines.map((pipeline) => ({
      scope: pipeline.scope,
      reflector: this.reflect(pipeline, server.watchList, taps.get(pipeline.resource.plural)),
    }));
    this.admin.connect((scope, signal) => this.relist(scope, signal));
    pipelines.forEach((pipeline, index) => {
      const reflector = this.reflectors[index]?.reflector;
      tasks.spawn(`reflector of ${pipeline.resource.plural}`, async (signal) => {
        if (pipeline.needsCrds) await crds;
        if (!signal.aborted) await reflector?.run(signal);
      });
    });
  }

  stageStatus(): readonly StageStatus[] {
    return this.reflectors.flatMap(({ reflector }) => reflector.stageStatus());
  }

  private reflect(pipeline: Pipeline, watchList: boolean, tap: ResourceSink | undefined): Reflector {
    return new Reflector({
      api: this.api,
      resource: pipeline.resource,
      ...(pipeline.labelSelector === undefined ? {} : { labelSelector: pipeline.labelSelector }),
      sink: tap ? tapped(pipeline.sink, tap) : pipeline.sink,
      clock: this.clock,
      log: this.log.child('k8s'),
      random: Math.random,
      watchList,
    });
  }

  private async relist(scope: string, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const mine = this.reflectors.filter((one) => one.scope === scope);
    const results = await Promise.all(mine.map(({ reflector }) => reflector.resync()));
    return results.reduce((sum, { listed }) => sum + listed, 0);
  }
}
