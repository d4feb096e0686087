import type { Bytes } from '../../common/bytes.js';
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
import type { Area, Scope, ScopeSpec } from './scope.js';
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
  private watchesAreas = false;

  constructor(private readonly options: MirrorServiceOptions) {
    const { desired, clock, log, table } = options;
    this.startedAt = clock.monotonic();
    this.canaries = new Canaries({
      desired,
      clock,
      onAllWritten: () => {
        if (!table.areas) this.becomeReady();
      },
    });
    for (const [scope, key] of table.canaries) this.canaries.expect(scope, key);
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
  waitingFor(): ReadonlySet<string> {
    return this.canaries.waitingFor();
  }

  /** Whether etcd is known to hold the scope's canary now; undefined for a scope without one. */
  canaryStored(scope: string): boolean | undefined {
    return this.canaries.isStored(scope);
  }

  /** One more scope to mirror. With a canary, it is written to that scope when the first list of this one is stored. */
  addScope(spec: ScopeSpec, canary?: { readonly key: Bytes; readonly scope: string }): Scope {
    const { desired } = this.options;
    // What a previous run left may have made it already.
    const scope = desired.scopes.get(spec.name) ?? desired.addScope(spec);
    if (canary) this.canaries.expect(spec.name, canary.key, canary.scope);
    return scope;
  }

  /** Nobody is to trust that this scope is complete any more. */
  withdrawCanary(scope: string): void {
    this.canaries.withdraw(scope);
  }

  /** etcd answers: takes over what the previous run left and begins to write. Must precede every source. */
  async start(tasks: TaskGroup): Promise<void> {
    const { stored, desired, writer, drift, leases, clock } = this.options;
    this.tasks = tasks;
    for (;;) {
      try {
        await stored.load(this.areas(), tasks.signal);
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
    if (!this.options.table.areas)
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
    if (!this.options.table.areas) this.watch(scope);
  }

  private areas(): readonly Area[] {
    const { table, desired } = this.options;
    return table.areas?.(desired) ?? [...desired.scopes.values()];
  }

  private watch(area: Area): void {
    this.tasks?.spawn(`watch of ${area.name}`, (signal) => this.options.drift.run(area, signal));
  }

  /** Nothing waits to be written. */
  get caughtUp(): boolean {
    return this.options.writer.caughtUp;
  }

  /** Shared areas are watched from now on: later than the flood of first writes, whose events would only cost time. */
  watchAreas(): void {
    if (this.watchesAreas || !this.options.table.areas) return;
    this.watchesAreas = true;
    for (const area of this.areas()) this.watch(area);
  }

  /** Everything has been synchronized once, or there is no point in waiting for more. */
  becomeReady(): void {
    if (this.ready) return;
    const { clock, log, budget, metrics } = this.options;
    this.watchAreas();
    this.readyAt = clock.now();
    const seconds = (clock.monotonic() - this.startedAt) / 1000;
    metrics.bootstrapped(seconds);
    budget.bootstrapped(log);
    log.info('All resources are synchronized', { seconds: seconds.toFixed(2) });
  }
}
