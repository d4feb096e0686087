import type { ResyncReport } from '../../mirror/resync.js';
import { type EventDraft, shortened } from '../events/admin-event.js';
import type { ResyncJob } from './resync-job.js';

/** A job that began, or ended, as it stands in the events. */
export function resyncEvent(job: ResyncJob): EventDraft {
  const { id, state, request, error } = job;
  const what = request.dryRun ? 'comparison' : 'resync';
  const of = request.scopes ? ` of ${request.scopes.join(', ')}` : ' of everything';
  return {
    kind: 'resync',
    level: state === 'failed' ? 'warning' : 'info',
    subject: id,
    text: `${what}${of}: ${job.report ? outcome(job.report) : state}`,
    ...(error === undefined ? {} : { error: shortened(error) }),
    at: job.finishedAt ?? job.startedAt ?? job.queuedAt,
    count: 1,
    topic: `resync ${id} ${state}`,
  };
}

function outcome({ scopes, dryRun }: ResyncReport): string {
  const sum = (of: (scope: ResyncReport['scopes'][number]) => number): number =>
    scopes.reduce((total, scope) => total + of(scope), 0);
  const missing = sum(({ counts }) => counts.missing);
  const different = sum(({ counts }) => counts.different);
  const leftOver = sum(({ counts }) => counts.leftOver);
  if (missing + different + leftOver === 0) return 'no difference';
  const found = `${missing} missing, ${different} different, ${leftOver} left over`;
  return dryRun ? found : `${found}; ${sum(({ repaired }) => repaired)} put right`;
}
