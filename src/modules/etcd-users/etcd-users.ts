import { Backoff } from '../../common/backoff.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { Wakeup } from '../../common/wakeup.js';
import { EtcdFault } from '../etcd/kv.js';
import { parseUsersFile, together, UsersFileError, type WantedUsers } from './users-file.js';
import type { UsersFileWatch } from './users-file-watch.js';
import type { ReconcileReport, UserChange, UsersReconciler } from './users-reconciler.js';

export interface EtcdUsersOptions {
  readonly path: string;
  readonly file: UsersFileWatch;
  readonly reconciler: UsersReconciler;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
  /** How often etcd is compared with the file when nothing happens, ms. */
  readonly periodMs: number;
  /** One run has ended. */
  readonly onRun: (status: 'success' | 'failure') => void;
}

/**
 * starting: no run yet. in-sync: etcd is as the file says. partly: it is, but for some entries. failing: etcd cannot be brought
 * there now, and is tried again; what was there stays.
 */
export type EtcdUsersState = 'starting' | 'in-sync' | 'partly' | 'failing';

/**
 * Keeps etcd's users as the users file says (spec/operations.md §3): at start, when the content of the file changes, every few
 * minutes against drift, and again soon after a failure.
 *
 *     starting → in-sync ⇄ partly ⇄ failing
 */
export class EtcdUsers implements StageSource {
  private readonly stage: Stage<EtcdUsersState>;
  private readonly due = new Wakeup();
  private readonly backoff: Backoff;
  private readonly changes: Record<UserChange, number> = { created: 0, granted: 0, revoked: 0, removed: 0 };
  /** Told once: as long as the same is wrong, it is not told again. */
  private told: ReadonlySet<string> = new Set();
  private wanted: WantedUsers | undefined;
  private problems = 0;
  private runs = 0;

  constructor(private readonly options: EtcdUsersOptions) {
    const { clock, random } = options;
    this.stage = new Stage<EtcdUsersState>('starting', () => clock.now());
    this.backoff = new Backoff({ baseMs: 1000, maxMs: 60_000, jitter: 'decorrelated', random });
  }

  /** Compares soon; several calls count once. */
  recheck(): void {
    this.due.wake();
  }

  /** Resolves on abort. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.options.file.run(() => this.recheck(), signal), this.loop(signal)]);
  }

  stageStatus(): readonly StageStatus[] {
    const { stage } = this;
    return [
      {
        name: 'etcd-users',
        state: stage.state,
        since: stage.since,
        healthy: stage.state === 'in-sync' || stage.state === 'starting',
        ...(stage.lastError ? { lastError: stage.lastError } : {}),
        counts: {
          wantedUsers: this.wanted?.roles.size ?? 0,
          problems: this.problems,
          runs: this.runs,
          ...this.changes,
        },
        details: { path: this.options.path },
      },
    ];
  }

  private async loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const complete = await this.once(signal);
      if (signal.aborted) return;
      this.options.onRun(complete ? 'success' : 'failure');
      if (complete) this.backoff.reset();
      await this.pause(complete ? this.options.periodMs : this.backoff.next(), signal);
    }
  }

  /** Whether there is nothing to be tried again soon. */
  private async once(signal: AbortSignal): Promise<boolean> {
    this.runs++;
    const complaints = new Map<string, unknown>();
    const readable = await this.read(complaints, signal);
    const reconciled = this.wanted !== undefined && (await this.reconcile(this.wanted, complaints, signal));
    if (signal.aborted) return false;
    this.tell(complaints);
    this.stage.transition(stateAfter(readable && reconciled, complaints.size));
    return readable && reconciled;
  }

  /** A file that cannot be read changes nothing: the last good content goes on to hold. */
  private async read(complaints: Map<string, unknown>, signal: AbortSignal): Promise<boolean> {
    try {
      const texts = await this.options.file.read(signal);
      this.wanted = together(texts.map(({ path, text }) => parseUsersFile(text, path)));
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (!isFileFailure(error)) throw error;
      complaints.set('Unable to read the etcd users file. Retrying...', error);
      return false;
    }
  }

  private async reconcile(
    wanted: WantedUsers,
    complaints: Map<string, unknown>,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      const report = await this.options.reconciler.run(wanted, signal);
      this.count(report);
      for (const { message } of report.problems) complaints.set(`etcd users file: ${message}`, undefined);
      for (const { user, error } of report.failures)
        complaints.set(`Unable to set up the etcd user ${user}. Retrying...`, error);
      return report.failures.length === 0;
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      complaints.set('Unable to set up the etcd users. Retrying...', error);
      return false;
    }
  }

  private count({ changes, problems }: ReconcileReport): void {
    this.problems = problems.length;
    for (const change of Object.keys(changes) as UserChange[]) this.changes[change] += changes[change];
  }

  private tell(complaints: ReadonlyMap<string, unknown>): void {
    const texts = new Set<string>();
    for (const [message, error] of complaints) {
      const text = `${message} ${error instanceof Error ? error.message : ''}`;
      texts.add(text);
      this.stage.failed(error ?? message);
      if (!this.told.has(text)) this.options.log.error(message, error === undefined ? {} : { error });
    }
    this.told = texts;
  }

  private async pause(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const either = AbortSignal.any([signal, woken.signal]);
    await Promise.race([this.due.wait(either), this.options.clock.sleep(ms, either)]);
    woken.abort();
  }
}

function stateAfter(complete: boolean, complaints: number): EtcdUsersState {
  if (!complete) return 'failing';
  return complaints === 0 ? 'in-sync' : 'partly';
}

function isFileFailure(error: unknown): boolean {
  return error instanceof UsersFileError || (error instanceof Error && 'code' in error);
}
