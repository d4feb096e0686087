import type { DiffReport, KeyDifference, ScopeDiff } from '../../mirror/diff.js';
import type { ResyncRequest } from '../../mirror/mirror-api.js';
import type { ResyncReport, ResyncScopeReport } from '../../mirror/resync.js';
import type { Deviation } from '../../mirror/stored-state.js';
import type { ResyncJob, ResyncJobSummary } from '../resync/resync-job.js';
import { flag, list, number, object, oneOf, optional, type Schema, text, time } from './schema.js';

const counts = object<Record<Deviation, number>>('How many keys', {
  missing: number('Keys that etcd does not hold'),
  different: number('Keys with other bytes, or with the right ones on no lease'),
  leftOver: number('Keys that nobody wants'),
  foreign: number("Keys on no lease: somebody else's"),
});

const difference = object<KeyDifference>('One key that etcd does not hold as it is wanted', {
  key: text(),
  scope: text(),
  cluster: optional(text('The remote cluster whose key it is')),
  kind: oneOf(['missing', 'different', 'leftOver', 'foreign']),
  reason: optional(oneOf(['value', 'no lease'], 'Why it counts as different')),
  wantedBytes: optional(number('Bytes of the wanted value; absent when nobody wants the key')),
  storedBytes: optional(number('Bytes of the stored value; absent when there is none')),
  refused: optional(flag('etcd refuses the wanted value for good')),
});

const scopeDiff = object<ScopeDiff>('The differences of one scope', {
  scope: text(),
  cluster: optional(text()),
  synced: flag('Whether its first list is stored completely; before, keys of earlier runs are not judged'),
  keys: number('Keys that are wanted'),
  counts,
});

export const diffSchema = object<DiffReport>('What etcd holds beside what is wanted', {
  at: time('When it was asked'),
  durationMs: number('How long it took, ms'),
  equal: flag('Nothing is missing, different or left over'),
  scopes: list(scopeDiff, 'Of remote clusters only those with a difference'),
  differences: list(difference, 'The first `limit` of them'),
  omitted: number('How many more there are'),
});

const request = object<ResyncRequest>('What was asked for', {
  scopes: optional(list(text(), 'Absent: all')),
  dryRun: flag('Compare and report only'),
});

const firstKeys = list(text(), 'The first 100');

const scopeReport = object<ResyncScopeReport>('The result of one scope', {
  scope: text(),
  listed: number('Objects that the fresh list of Kubernetes held; 0 in a dry run'),
  keys: number('Keys that are wanted'),
  counts,
  missing: firstKeys,
  different: firstKeys,
  leftOver: firstKeys,
  foreign: firstKeys,
  repaired: number('Keys that were deviant and are right now'),
});

const report = object<ResyncReport>('What was found and done', {
  dryRun: flag(''),
  durationMs: number('How long it took, ms'),
  scopes: list(scopeReport),
});

const job = {
  id: text(),
  state: oneOf(['queued', 'running', 'done', 'failed']),
  request,
  queuedAt: time('When it was asked for'),
  startedAt: optional(time('When it began')),
  finishedAt: optional(time('When it ended')),
  error: optional(text('Why it failed')),
};

export const jobSchema = object<ResyncJob>('A resync', { ...job, report: optional(report) });

export const jobsSchema = object<{ jobs: readonly ResyncJobSummary[] }>('The last 20 resyncs', {
  jobs: list(object<ResyncJobSummary>('A resync without its report', job), 'Newest first'),
});

export const acceptedSchema = object<Pick<ResyncJob, 'id' | 'state'>>('A job that was queued', {
  id: job.id,
  state: job.state,
});

/** Body of `POST /resync`. */
export const resyncBodySchema: Schema = {
  type: 'object',
  properties: {
    scopes: list(text(), 'Names that GET /status has, as `ip/v1`; absent: all'),
    dryRun: flag('Compare and report only; default false'),
  },
  additionalProperties: false,
};
