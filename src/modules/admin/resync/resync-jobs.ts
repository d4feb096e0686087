import type { Clock } from '../../../common/clock.js';
import type { Log } from '../../../common/log.js';
import type { MirrorResync, ResyncRequest } from '../../mirror/mirror-api.js';
import type { ResyncJob, ResyncJobState, ResyncJobSummary } from './resync-job.js';

export interface ResyncJobsOptions {
  readonly mirror: MirrorResync;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  /** A job began or ended. */
  readonly onChange?: (job: ResyncJob) => void;
}

const keptJobs = 20;
const maxQueuedJobs = 10;

/**
 * Resyncs one at a time, in the order of their coming.
 *
 *     queued → running → done | failed
 */
export class ResyncJobs {
  /** Oldest first. */
  private readonly jobs = new Map<string, ResyncJob>();
  private readonly abort = new AbortController();
  private runner: Promise<void> | undefined;

  constructor(private readonly options: ResyncJobsOptions) {}

  /**
   * Queues a resync, or returns the queued one that will do the same; undefined when too many wait. One that runs already is
   * not the same: it may have passed what the caller wants put right.
   */
  submit(request: ResyncRequest): ResyncJob | undefined {
    const normal = normalized(request);
    const queued = this.inState('queued');
    const same = queued.find((job) => JSON.stringify(job.request) === JSON.stringify(normal));
    if (same || queued.length >= maxQueuedJobs || this.abort.signal.aborted) return same;
    const job: ResyncJob = {
      id: this.options.newId(),
      state: 'queued',
      request: normal,
      queuedAt: this.options.clock.now(),
    };
    this.jobs.set(job.id, job);
    this.runner ??= this.run().finally(() => (this.runner = undefined));
    return job;
  }

  get(id: string): ResyncJob | undefined {
    return this.jobs.get(id);
  }

  /** Newest first. */
  list(): readonly ResyncJobSummary[] {
    return [...this.jobs.values()].reverse().map(({ report: _report, ...summary }) => summary);
  }

  /** Aborts the running job and drops the queued ones; Nest calls it on shutdown. */
  async onModuleDestroy(): Promise<void> {
    this.abort.abort();
    await this.runner;
  }

  private async run(): Promise<void> {
    // The caller is told `queued` before anything else happens.
    await Promise.resolve();
    for (let job = this.inState('queued')[0]; job !== undefined; job = this.inState('queued')[0]) {
      if (this.abort.signal.aborted) return;
      await this.one(job);
      this.forgetOldest();
    }
  }

  private async one(queued: ResyncJob): Promise<void> {
    const { clock, mirror } = this.options;
    const log = this.options.log.child('resync');
    const running: ResyncJob = { ...queued, state: 'running', startedAt: clock.now() };
    this.update(running);
    log.info('Resync started', {
      id: running.id,
      scopes: running.request.scopes,
      dryRun: running.request.dryRun,
    });
    try {
      // A signal of its own: what a job hangs on it is gone with the job.
      const report = await mirror.resync(running.request, AbortSignal.any([this.abort.signal]));
      this.update({ ...running, state: 'done', finishedAt: clock.now(), report });
      log.info('Resync done', { id: running.id, durationMs: report.durationMs });
    } catch (cause) {
      const error = cause instanceof Error ? cause.message : String(cause);
      this.update({ ...running, state: 'failed', finishedAt: clock.now(), error });
      log.warn('Resync failed', { id: running.id, error: cause });
    }
  }

  private update(job: ResyncJob): void {
    this.jobs.set(job.id, job);
    this.options.onChange?.(job);
  }

  private inState(state: ResyncJobState): readonly ResyncJob[] {
    return [...this.jobs.values()].filter((job) => job.state === state);
  }

  /** Map.set keeps a known key's place, so the order of the map is the order of coming. */
  private forgetOldest(): void {
    const finished = [...this.jobs.values()].filter((job) => job.state === 'done' || job.state === 'failed');
    for (const job of finished.slice(0, Math.max(0, finished.length - keptJobs))) this.jobs.delete(job.id);
  }
}

function normalized({ scopes, dryRun }: ResyncRequest): ResyncRequest {
  return scopes === undefined ? { dryRun } : { scopes: [...new Set(scopes)].sort(), dryRun };
}
