import type { BuildInfo } from '../../../common/build-info.js';
import type { Clock } from '../../../common/clock.js';
import type { StageSource, StageStatus } from '../../../common/stage.js';
import type { Readiness } from '../../health/readiness.js';
import type { ReadinessStatus } from '../../../common/readiness-source.js';
import type { MetricsApp } from '../../metrics/metric-table.js';
import type { Traffic, TrafficFigures } from './traffic.js';
import type { MirrorStatus, ScopeStatus } from '../../mirror/mirror-api.js';

export interface ClusterIdentity {
  readonly name: string;
  readonly id: number;
  readonly maxConnectedClusters: number;
}

export type AdminAction = 'diff' | 'resync';

/** Answer of `GET /status`. Times are ms since the epoch, memory is bytes. */
export interface Status {
  readonly version: string;
  readonly revision: string;
  readonly program: MetricsApp;
  readonly cluster: ClusterIdentity;
  readonly startedAt: number;
  readonly ready: boolean;
  readonly readySince?: number;
  /** What is not ready yet. */
  readonly waitingFor: readonly ReadinessStatus[];
  readonly stages: readonly StageStatus[];
  readonly scopes: readonly ScopeStatus[];
  readonly leases?: Readonly<Record<string, number>>;
  /** Absent in the first seconds. */
  readonly traffic?: TrafficFigures;
  /** What can be asked for here beyond looking. */
  readonly actions: readonly AdminAction[];
  readonly memory: { readonly rss: number; readonly heapUsed: number };
}

export interface StatusReportOptions {
  readonly build: BuildInfo;
  readonly cluster: ClusterIdentity;
  readonly clock: Clock;
  readonly readiness: Readiness;
  readonly stages: readonly StageSource[];
  readonly mirror: MirrorStatus;
  readonly program: MetricsApp;
  readonly traffic: Pick<Traffic, 'figures'>;
  readonly actions: readonly AdminAction[];
}

/** Collects what every part of the program says of itself. Keeps nothing. */
export class StatusReport {
  private readonly startedAt: number;

  constructor(private readonly options: StatusReportOptions) {
    this.startedAt = options.clock.now();
  }

  stages(): readonly StageStatus[] {
    return this.options.stages.flatMap((source) => source.stageStatus());
  }

  scopes(): readonly ScopeStatus[] {
    return this.options.mirror.scopes();
  }

  status(): Status {
    const { build, program, cluster, readiness, mirror, actions } = this.options;
    const ready = readiness.isReady();
    const leases = mirror.leases?.();
    const traffic = this.options.traffic.figures();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      version: build.version,
      revision: build.revision,
      program,
      cluster,
      startedAt: this.startedAt,
      ready,
      ...(readiness.readySince === undefined ? {} : { readySince: readiness.readySince }),
      waitingFor: ready ? [] : readiness.report().filter((status) => !status.ready),
      stages: this.stages(),
      scopes: this.scopes(),
      ...(leases ? { leases } : {}),
      ...(traffic ? { traffic } : {}),
      actions,
      memory: { rss, heapUsed },
    };
  }
}
