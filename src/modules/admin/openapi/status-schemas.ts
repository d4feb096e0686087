import type { ReadinessStatus } from '../../../common/readiness-source.js';
import type { StageStatus } from '../../../common/stage.js';
import type { ScopeStatus } from '../../mirror/mirror-api.js';
import type { AdminEvent } from '../events/admin-event.js';
import type { Unseen } from '../events/event-ring.js';
import type { ClusterIdentity, Status } from '../status/status-report.js';
import type { TrafficFigures } from '../status/traffic.js';
import { flag, list, map, number, object, oneOf, optional, text, time } from './schema.js';

const stage = object<StageStatus>('A stage of the pipeline, or a remote cluster (`remote/NAME`)', {
  name: text('Unique and stable, e.g. `etcd/connection`'),
  state: text("One of the stage's own states"),
  since: time('When that state was entered'),
  healthy: flag('Whether it does its job now'),
  lastError: optional(
    object<NonNullable<StageStatus['lastError']>>('What failed last', {
      message: text('May hold texts of etcd, Kubernetes or a remote cluster'),
      at: time('When'),
    }),
  ),
  counts: map(
    number(''),
    'Their names say the unit: `…Ms`, `…Bytes`, `…At` (ms since the epoch), else a number of things',
  ),
  details: optional(
    map(
      { oneOf: [text(), number(''), flag('')], nullable: true },
      'Anything else worth showing, as `endpoint` or `version`',
    ),
  ),
});

const scope = object<ScopeStatus>('One family of mirrored keys', {
  scope: text('`ip/v1`'),
  cluster: optional(text('The remote cluster whose keys they are; absent: our own')),
  keys: number('Keys that are wanted in etcd'),
  dirty: number('Keys that wait to be written'),
  inFlight: number('Keys in transactions that etcd has not answered yet'),
  refused: number('Keys whose present value etcd refuses for good'),
  synced: flag('Whether every key of the first list has been acknowledged'),
  canary: optional(flag("Whether etcd is known to hold the scope's canary now; absent where there is none")),
});

const waiting = object<ReadinessStatus>('What readiness waits for', {
  scope: text(),
  ready: flag(''),
  waitingFor: text('In plain words'),
  since: time('Since when'),
});

const traffic = object<TrafficFigures>('What was written lately', {
  windowMs: number('What the figures are over, ms: up to a minute'),
  keysPerSecond: number('Keys that etcd acknowledged, per second'),
  propagation: optional(
    object<NonNullable<TrafficFigures['propagation']>>(
      "From the arrival of an event to etcd's acknowledgement of its key; absent when nothing changed",
      {
        p50Ms: number('Median, ms, estimated from buckets'),
        p99Ms: number('99th percentile, ms, estimated from buckets'),
        changes: number('How many'),
      },
    ),
  ),
});

export const statusSchema = object<Status>('How the server is', {
  version: text(),
  revision: text('Short commit hash'),
  program: oneOf(['clustermesh', 'kvstoremesh']),
  cluster: object<ClusterIdentity>('Our own cluster', {
    name: text(),
    id: number(''),
    maxConnectedClusters: number('255 or 511'),
  }),
  startedAt: time('When the program started'),
  ready: flag('Whether the first synchronization is complete; never goes back'),
  readySince: optional(time('When it became ready')),
  waitingFor: list(waiting, 'What is not ready yet'),
  stages: list(stage, 'In the order of the data'),
  scopes: list(scope),
  leases: optional(map(number(''), 'Anything worth showing of the leases')),
  traffic: optional(traffic),
  actions: list(oneOf(['diff', 'resync']), 'What can be asked for beyond looking'),
  memory: object<Status['memory']>('Of the process', {
    rss: number('Resident, bytes'),
    heapUsed: number('Of the JavaScript heap, bytes'),
  }),
});

export const eventSchema = object<AdminEvent>('Something that happened', {
  id: text('Unique; `after` and Last-Event-ID take it'),
  kind: oneOf(['started', 'ready', 'stage', 'sync', 'lease', 'drift', 'refused', 'leader', 'resync']),
  level: oneOf(['info', 'warning'], 'warning: something is broken, or somebody interferes'),
  subject: text("What it is about: a stage, a scope, a job; '' is the program itself"),
  text: text('In plain words, without the count'),
  error: optional(text('Why; at most 500 characters')),
  at: time('When it happened first'),
  count: number('How many happenings it stands for'),
});

export const eventsSchema = object<Unseen>('The latest events', {
  events: list(eventSchema, 'Oldest first'),
  missed: number('Events after the one of `after` that are forgotten already'),
});
