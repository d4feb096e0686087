import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import type { Log } from '../../../common/log.js';
import type { MirrorStatus } from '../../mirror/mirror-api.js';
import type { Status, StatusReport } from '../status/status-report.js';
import type { Traffic, TrafficCounters } from '../status/traffic.js';
import type { EventLog } from './event-log.js';
import type { Look } from './look.js';
import { stageChanges } from './stage-changes.js';
import { driftChanges, leaseChanges, leasesRestored, readyChanges, scopeChanges } from './sync-changes.js';

export interface StatusWatchOptions {
  readonly report: StatusReport;
  readonly mirror: Pick<MirrorStatus, 'repairs' | 'refusedKey'>;
  readonly traffic: Traffic;
  /** Of the propagation of changes, all scopes together. */
  readonly propagation: () => TrafficCounters['propagation'];
  readonly events: EventLog;
  readonly clock: Clock;
  readonly log: Log;
  /** False: nobody can ask, so nothing is watched. */
  readonly enabled: boolean;
  readonly periodMs?: number;
}

/** The page takes five seconds of silence for the end of the program. */
const longestPauseMs = 4000;

/**
 * Looks once a second, or more rarely where that costs much, at what /status shows and makes events of the differences. Nothing on the way of a key knows of events:
 * a burst of a thousand changes is one difference, and costs nothing while it lasts.
 */
export class StatusWatch implements OnModuleInit, OnModuleDestroy {
  private readonly abort = new AbortController();
  private readonly listeners = new Set<(status: Status) => void>();
  private running: Promise<void> | undefined;
  private before: Look | undefined;
  private leasesMissing = false;

  constructor(private readonly options: StatusWatchOptions) {}

  /** Called with each look. Returns how to stop. */
  listen(listener: (status: Status) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onModuleInit(): void {
    if (this.options.enabled) this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.abort.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { clock, log, events, periodMs = 1000 } = this.options;
    const { signal } = this.abort;
    events.record({
      kind: 'started',
      level: 'info',
      subject: '',
      text: 'the program started',
      at: clock.now(),
      count: 1,
      topic: 'started',
    });
    while (!signal.aborted) {
      const began = clock.monotonic();
      try {
        this.look();
      } catch (error) {
        // As of a request to /status that fails: what is only shown must not end what works.
        log.error('A look at the status failed: this is a bug', { error });
      }
      // At hundreds of remote clusters a look takes tens of ms of a slow machine; it is not to take more than a fiftieth of the time.
      const pause = Math.max(periodMs, 50 * (clock.monotonic() - began));
      await clock.sleep(Math.min(pause, longestPauseMs), signal);
    }
  }

  private look(): void {
    const { report, mirror, traffic, propagation, events, clock } = this.options;
    const status = report.status();
    const writer = status.stages.find(({ name }) => name === 'writer');
    traffic.sample({ writtenKeys: writer?.counts['writtenKeys'] ?? 0, propagation: propagation() });
    const look: Look = { at: clock.now(), ...status, repairs: mirror.repairs() };
    if (this.before) this.tell(this.before, look);
    this.before = look;
    events.release();
    for (const listener of this.listeners) listener(status);
  }

  private tell(before: Look, after: Look): void {
    const { events, mirror } = this.options;
    const lost = leaseChanges(before, after);
    const restored = this.leasesMissing && lost.length === 0 ? leasesRestored(after) : undefined;
    this.leasesMissing = (this.leasesMissing || lost.length > 0) && !restored;
    const drafts = [
      ...stageChanges(before, after),
      ...lost,
      ...driftChanges(before, after),
      ...scopeChanges(before, after, (scope) => mirror.refusedKey(scope)),
      ...readyChanges(before, after),
      ...(restored ? [restored] : []),
    ];
    for (const draft of drafts.toSorted((a, b) => a.at - b.at)) events.record(draft);
  }
}
