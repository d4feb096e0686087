import {
  type DynamicModule,
  type InjectionToken,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type Provider,
  RequestMethod,
} from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import type { BuildInfo } from '../../common/build-info.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { type Log, LOG } from '../../common/log.js';
import type { StageSource } from '../../common/stage.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { Readiness } from '../health/readiness.js';
import { JsonBodyMiddleware } from '../http/json-body.middleware.js';
import { MIRROR_RESYNC, MIRROR_STATUS, type MirrorResync, type MirrorStatus } from '../mirror/mirror-api.js';
import { ResyncController } from './resync.controller.js';
import { ResyncJobs } from './resync-jobs.js';
import { StatusController } from './status.controller.js';
import { StatusMetrics } from './status-metrics.js';
import { StatusReport } from './status-report.js';

export interface AdminModuleOptions {
  readonly build: BuildInfo;
  /** Modules that export the stages, MIRROR_STATUS, MIRROR_RESYNC, and the registered HealthModule. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** Tokens of StageSource providers, in data-flow order. */
  readonly stages: readonly InjectionToken[];
  /** Whether there is a source that can be listed afresh: POST /resync. Default true. */
  readonly resync?: boolean;
}

/** /status and /resync, and the gauges that follow them. Import it even when the admin listener is off. */
@Module({})
export class AdminModule implements NestModule {
  static register(options: AdminModuleOptions): DynamicModule {
    return {
      module: AdminModule,
      imports: options.imports,
      controllers: options.resync === false ? [StatusController] : [StatusController, ResyncController],
      providers: [statusReport(options), resyncJobs, StatusMetrics],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(JsonBodyMiddleware).forRoutes({ path: 'resync', method: RequestMethod.POST });
  }
}

function statusReport({ build, stages }: AdminModuleOptions): Provider {
  return {
    provide: StatusReport,
    inject: [CLUSTERMESH_OPTIONS, CLOCK, Readiness, MIRROR_STATUS, ...stages],
    useFactory: (
      { clusterName: name, clusterId: id, maxConnectedClusters }: ClustermeshOptions,
      clock: Clock,
      readiness: Readiness,
      mirror: MirrorStatus,
      ...sources: StageSource[]
    ) => {
      const cluster = { name, id, maxConnectedClusters };
      return new StatusReport({ build, cluster, clock, readiness, mirror, stages: sources });
    },
  };
}

const resyncJobs: Provider = {
  provide: ResyncJobs,
  inject: [MIRROR_RESYNC, CLOCK, LOG],
  useFactory: (mirror: MirrorResync, clock: Clock, log: Log) =>
    new ResyncJobs({ mirror, clock, log, newId: () => randomBytes(6).toString('hex') }),
};
