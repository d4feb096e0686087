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
import { KvstoreMetrics } from '../metrics/kvstore-metrics.js';
import type { MetricsApp } from '../metrics/metric-table.js';
import {
  MIRROR_DIFF,
  MIRROR_RESYNC,
  MIRROR_STATUS,
  type MirrorDiff,
  type MirrorResync,
  type MirrorStatus,
} from '../mirror/mirror-api.js';
import { DiffController } from './diff/diff.controller.js';
import { DiffTurns } from './diff/diff-turns.js';
import { EventLog } from './events/event-log.js';
import { EventRing } from './events/event-ring.js';
import { EventStreams } from './events/event-streams.js';
import { EventsController } from './events/events.controller.js';
import { StatusWatch } from './events/status-watch.js';
import { OpenapiController } from './openapi/openapi.controller.js';
import { PageController } from './page/page.controller.js';
import { resyncEvent } from './resync/resync-event.js';
import { ResyncController } from './resync/resync.controller.js';
import { ResyncJobs } from './resync/resync-jobs.js';
import { StatusController } from './status/status.controller.js';
import { StatusMetrics } from './status/status-metrics.js';
import { StatusReport } from './status/status-report.js';
import { Traffic } from './status/traffic.js';

export interface AdminModuleOptions {
  readonly program: MetricsApp;
  readonly build: BuildInfo;
  /** Modules that export the stages, MIRROR_STATUS, MIRROR_DIFF, MIRROR_RESYNC, and the registered HealthModule. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** Tokens of StageSource providers, in data-flow order. */
  readonly stages: readonly InjectionToken[];
  /** Whether there is a source that can be listed afresh: POST /resync. Default true. */
  readonly resync?: boolean;
}

/** The admin API, its page, and the gauges that follow the status. Import it even when the admin listener is off. */
@Module({})
export class AdminModule implements NestModule {
  static register(options: AdminModuleOptions): DynamicModule {
    const controllers = [
      PageController,
      StatusController,
      EventsController,
      DiffController,
      OpenapiController,
    ];
    return {
      module: AdminModule,
      imports: options.imports,
      controllers: options.resync === false ? controllers : [...controllers, ResyncController],
      providers: [statusReport(options), StatusMetrics, ...shared],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(JsonBodyMiddleware).forRoutes({ path: 'resync', method: RequestMethod.POST });
  }
}

function statusReport({ build, program, stages, resync }: AdminModuleOptions): Provider {
  return {
    provide: StatusReport,
    inject: [CLUSTERMESH_OPTIONS, CLOCK, Readiness, MIRROR_STATUS, Traffic, ...stages],
    useFactory: (
      { clusterName: name, clusterId: id, maxConnectedClusters }: ClustermeshOptions,
      clock: Clock,
      readiness: Readiness,
      mirror: MirrorStatus,
      traffic: Traffic,
      ...sources: StageSource[]
    ) =>
      new StatusReport({
        build,
        program,
        cluster: { name, id, maxConnectedClusters },
        clock,
        readiness,
        mirror,
        traffic,
        stages: sources,
        actions: resync === false ? ['diff'] : ['diff', 'resync'],
      }),
  };
}

const shared: Provider[] = [
  { provide: Traffic, inject: [CLOCK], useFactory: (clock: Clock) => new Traffic(clock) },
  {
    provide: EventLog,
    inject: [CLOCK],
    useFactory: (clock: Clock) => new EventLog(new EventRing(randomBytes(4).toString('hex')), clock),
  },
  {
    provide: StatusWatch,
    inject: [StatusReport, MIRROR_STATUS, Traffic, KvstoreMetrics, EventLog, CLUSTERMESH_OPTIONS, CLOCK, LOG],
    useFactory: (
      report: StatusReport,
      mirror: MirrorStatus,
      traffic: Traffic,
      metrics: KvstoreMetrics,
      events: EventLog,
      options: Pick<ClustermeshOptions, 'adminServeAddr'>,
      clock: Clock,
      log: Log,
    ) =>
      new StatusWatch({
        report,
        mirror,
        traffic,
        propagation: () => metrics.propagationBuckets(),
        events,
        clock,
        log: log.child('admin'),
        enabled: options.adminServeAddr !== '',
      }),
  },
  {
    provide: EventStreams,
    inject: [EventLog, StatusWatch, StatusReport, CLOCK],
    useFactory: ({ ring }: EventLog, watch: StatusWatch, report: StatusReport, clock: Clock) =>
      new EventStreams({ ring, watch, report, clock }),
  },
  {
    provide: DiffTurns,
    inject: [MIRROR_DIFF],
    useFactory: (mirror: MirrorDiff) => new DiffTurns(mirror),
  },
  {
    provide: ResyncJobs,
    inject: [MIRROR_RESYNC, EventLog, CLOCK, LOG],
    useFactory: (mirror: MirrorResync, events: EventLog, clock: Clock, log: Log) =>
      new ResyncJobs({
        mirror,
        clock,
        log,
        newId: () => randomBytes(6).toString('hex'),
        onChange: (job) => events.record(resyncEvent(job)),
      }),
  },
];
