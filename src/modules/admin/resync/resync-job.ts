import type { ResyncReport } from '../../mirror/resync.js';
import type { ResyncRequest } from '../../mirror/mirror-api.js';

export type ResyncJobState = 'queued' | 'running' | 'done' | 'failed';

/** As `GET /resync` lists it. Times are ms since the epoch. */
export interface ResyncJobSummary {
  readonly id: string;
  readonly state: ResyncJobState;
  readonly request: ResyncRequest;
  readonly queuedAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Why it failed. */
  readonly error?: string;
}

/** As `GET /resync/:id` shows it. */
export interface ResyncJob extends ResyncJobSummary {
  /** Once it is done. */
  readonly report?: ResyncReport;
}
