import { type DynamicModule, Global, type INestApplication, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CLOCK, type Clock, systemClock } from '../../src/common/clock.js';
import { LOG, type Log, silentLog } from '../../src/common/log.js';
import type { StageStatus } from '../../src/common/stage.js';
import { AdminModule } from '../../src/modules/admin/admin.module.js';
import type { DiffReport, DiffRequest } from '../../src/modules/mirror/diff.js';
import type { RepairTally } from '../../src/modules/mirror/drift.js';
import {
  MIRROR_DIFF,
  MIRROR_RESYNC,
  MIRROR_STATUS,
  type ResyncRequest,
  type ScopeStatus,
} from '../../src/modules/mirror/mirror-api.js';
import { CLUSTERMESH_OPTIONS } from '../../src/modules/config/clustermesh-options.js';
import { HealthModule } from '../../src/modules/health/health.module.js';
import type { LivenessStatus } from '../../src/modules/health/liveness-source.js';
import type { ReadinessStatus } from '../../src/common/readiness-source.js';
import { HTTP_APP_OPTIONS } from '../../src/modules/http/http-app-options.js';
import { HttpListeners } from '../../src/modules/http/http-listeners.service.js';
import { HttpModule } from '../../src/modules/http/http.module.js';
import type { ListenerName } from '../../src/modules/http/listener.js';
import type { ListenOptions } from '../../src/modules/http/listener-table.js';
import { MetricsModule } from '../../src/modules/metrics/metrics.module.js';
import type { ResyncReport } from '../../src/modules/mirror/resync.js';

const build = { version: '1.2.3', revision: 'abc1234', arch: 'amd64' };
const noDiff: DiffReport = { at: 1, durationMs: 5, equal: true, scopes: [], differences: [], omitted: 0 };
const noReport: ResyncReport = { dryRun: false, durationMs: 5, scopes: [] };

/** What the program would be made of: a test sets what it says of itself, and looks at what the listeners make of it. */
export class FakeParts {
  ready: ReadinessStatus[] = [
    { scope: 'ip/v1', ready: false, waitingFor: 'etcd to acknowledge 512 keys', since: 7 },
  ];
  stages: StageStatus[] = [
    { name: 'writer', state: 'idle', since: 3, healthy: true, counts: { queueKeys: 0 } },
  ];
  loops: LivenessStatus[] = [];
  scopeStatus: ScopeStatus[] = [
    { scope: 'nodes/v1', keys: 3, dirty: 1, inFlight: 1, refused: 0, synced: true },
    { scope: 'ip/v1', keys: 9, dirty: 4, inFlight: 2, refused: 1, synced: false },
  ];
  readonly resyncs: ResyncRequest[] = [];
  readonly diffs: DiffRequest[] = [];
  repairTallies: RepairTally[] = [];
  onDiff: (request: DiffRequest, signal: AbortSignal) => Promise<DiffReport> = () => Promise.resolve(noDiff);
  onResync: (request: ResyncRequest, signal: AbortSignal) => Promise<ResyncReport> = () =>
    Promise.resolve(noReport);

  readiness = (): ReadinessStatus[] => this.ready;
  liveness = (): LivenessStatus[] => this.loops;
  stageStatus = (): StageStatus[] => this.stages;
  scopes = (): ScopeStatus[] => this.scopeStatus;
  repairs = (): RepairTally[] => this.repairTallies;
  refusedKey = (): string => 'cilium/state/ip/v1/default/10.0.0.1';
  diff = (request: DiffRequest, signal: AbortSignal): Promise<DiffReport> => {
    this.diffs.push(request);
    return this.onDiff(request, signal);
  };
  resync = (request: ResyncRequest, signal: AbortSignal): Promise<ResyncReport> => {
    this.resyncs.push(request);
    return this.onResync(request, signal);
  };
}

export interface HttpLab {
  readonly app: INestApplication;
  readonly parts: FakeParts;
  readonly listeners: HttpListeners;
  url(name: ListenerName): string;
}

export interface HttpLabOptions {
  readonly listen?: Partial<ListenOptions>;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly controllerGroups?: readonly string[];
}

/** The HTTP side of the program on free ports, with fakes behind it; nothing is open yet. */
export async function httpLab(options: HttpLabOptions = {}): Promise<HttpLab> {
  const parts = new FakeParts();
  const settings = {
    clusterName: 'east',
    clusterId: 3,
    maxConnectedClusters: 255,
    controllerGroupMetrics: options.controllerGroups ?? [],
    healthPort: 0,
    prometheusServeAddr: '127.0.0.1:0',
    adminServeAddr: '127.0.0.1:0',
    ...options.listen,
  };
  const fakes = fakesModule(parts);
  const health = HealthModule.register({ imports: [fakes], readiness: [FakeParts], liveness: [FakeParts] });
  const module = await Test.createTestingModule({
    imports: [
      globalsModule(settings, options),
      MetricsModule.register({ app: 'clustermesh', build }),
      health,
      AdminModule.register({ program: 'clustermesh', build, imports: [fakes, health], stages: [FakeParts] }),
      HttpModule,
    ],
  }).compile();
  const app = module.createNestApplication({ ...HTTP_APP_OPTIONS, logger: false });
  await app.init();
  const listeners = app.get(HttpListeners);
  return { app, parts, listeners, url: (name) => `http://127.0.0.1:${listeners.address(name)?.port}` };
}

export async function openHttpLab(options: HttpLabOptions = {}): Promise<HttpLab> {
  const lab = await httpLab(options);
  await lab.listeners.open('admin', 'health', 'metrics');
  return lab;
}

@Global()
@Module({})
class Globals {}

@Module({})
class Fakes {}

function globalsModule(
  settings: object,
  { clock = systemClock, log = silentLog }: HttpLabOptions,
): DynamicModule {
  const providers = [
    { provide: CLUSTERMESH_OPTIONS, useValue: settings },
    { provide: CLOCK, useValue: clock },
    { provide: LOG, useValue: log },
  ];
  return { module: Globals, providers, exports: [CLUSTERMESH_OPTIONS, CLOCK, LOG] };
}

function fakesModule(parts: FakeParts): DynamicModule {
  const tokens = [FakeParts, MIRROR_STATUS, MIRROR_RESYNC, MIRROR_DIFF];
  return {
    module: Fakes,
    providers: tokens.map((provide) => ({ provide, useValue: parts })),
    exports: tokens,
  };
}
