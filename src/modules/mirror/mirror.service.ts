import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { StageSource, StageStatus } from '../../common/stage.js';
import type { TaskGroup } from '../../common/task-group.js';
import { EtcdFault, type LeasePool } from '../etcd/kv.js';
import type { KvstoreMetrics } from '../metrics/kvstore-metrics.js';
import { Canaries } from './canaries.js';
import type { DesiredState } from './desired-state.js';
import type { Drift } from './drift.js';
import { FirstSync } from './first-sync.js';
import { recoverLostLeases } from './lost-leases.js';
import type { MirrorTable } from './mirror-table.js';
import type { Scope } from './scope.js';
import type { StoredState } from './stored-state.js';
import type { WriteBudget } from './write-budget.js';
import type { Writer } from './writer.js';

export interface MirrorServiceOptions {
  readonly table: MirrorTable;
  readonly desired: DesiredState;
  readonly stored: StoredState;
  readonly writer: Writer;
  readonly drift: Drift;
  readonly leases: LeasePool;
  readonly budget: WriteBudget;
  readonly metrics: KvstoreMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** Owns the life of the mirror: what the previous run left, the writer, first sync and readiness, the watch for drift. */
export class MirrorService implements StageSource {
  private readonly firstSync: FirstSync;
  private readonly canaries: Canaries;
  private readonly startedAt: number;
  private readyAt: number | undefined;
  private tasks: TaskGroup | undefined;
  private hasLoaded = false;

  constructor(private readonly options: MirrorServiceOptions) {
    const { desired, clock, log, table } = options;
    this.startedAt = clock.monotonic();
    this.canaries = new Canaries({
      desired,
      clock,
      keys: table.canaries,
      onAllWritten: () => this.becomeReady(),
    });
    this.firstSync = new FirstSync({ desired, clock, log, onSynced: (scope) => this.synced(scope) });
    recoverLostLeases(options.leases, desired);
  }

  /** Never goes back: agents that trust the data must not lose it because a probe did. */
  get ready(): boolean {
    return this.readyAt !== undefined;
  }

  /** ms since the epoch; undefined before. */
  get readySince(): number | undefined {
    return this.readyAt;
  }

  /** Whether what the previous run left has been read. */
  get loaded(): boolean {
    return this.hasLoaded;
  }

  /** Scopes whose canary is not acknowledged yet. */
  waitingFor(): readonly string[] {
    return this.canaries.waitingFor();
  }

  /** etcd answers: takes over what the previous run left and begins to write. Must precede every source. */
  async start(tasks: TaskGroup): Promise<void> {
    const { stored, desired, writer, drift, leases, clock } = this.options;
    this.tasks = tasks;
    for (;;) {
      try {
        await stored.load(desired.scopes.values(), tasks.signal);
        break;
      } catch (error) {
        if (!(error instanceof EtcdFault) || tasks.signal.aborted) throw error;
        this.options.log.warn('Reading what the previous run left in etcd failed. Retrying...', { error });
        await clock.sleep(1000, tasks.signal);
      }
    }
    this.hasLoaded = true;
    tasks.spawn('leases', (signal) => leases.run(signal));
    tasks.spawn('writer', (signal) => writer.run(signal));
    tasks.spawn('drift', (signal) => drift.runLater(signal));
    for (const scope of desired.scopes.values()) if (scope.express) this.watch(scope);
  }

  /** The first list of the scope's source has been projected completely. */
  listed(scope: string): void {
    this.firstSync.listed(this.options.desired.scope(scope));
  }

  stageStatus(): readonly StageStatus[] {
    return [...this.options.writer.stageStatus(), ...this.options.drift.stageStatus()];
  }

  private synced(scope: Scope): void {
    this.canaries.write(scope);
    this.watch(scope);
  }

  private watch(scope: Scope): void {
    this.tasks?.spawn(`watch of ${scope.name}`, (signal) => this.options.drift.run(scope, signal));
  }

  private becomeReady(): void {
    const { clock, log, budget, metrics } = this.options;
    this.readyAt = clock.now();
    const seconds = (clock.monotonic() - this.startedAt) / 1000;
    metrics.bootstrapped(seconds);
    budget.bootstrapped(log);
    log.info('All resources are synchronized', { seconds: seconds.toFixed(2) });
  }
}
