import { type Clock, systemClock } from '../../src/common/clock.js';
import { type Log, silentLog } from '../../src/common/log.js';
import { DesiredState } from '../../src/modules/mirror/desired-state.js';
import { Drift } from '../../src/modules/mirror/drift.js';
import { FirstSync } from '../../src/modules/mirror/first-sync.js';
import { recoverLostLeases } from '../../src/modules/mirror/lost-leases.js';
import type { Scope } from '../../src/modules/mirror/scope.js';
import { StoredState } from '../../src/modules/mirror/stored-state.js';
import { silentObserver } from '../../src/modules/mirror/write-observer.js';
import { type Budget, Writer } from '../../src/modules/mirror/writer.js';
import { FakeEtcd, FakeLeases } from './fake-etcd.js';
import { eventually } from './eventually.js';

/** One life of the mirror (a process, as it were) over a FakeEtcd: desired state, writer, leases, drift. */
export class MirrorLab {
  readonly leases: FakeLeases;
  readonly desired: DesiredState;
  readonly stored: StoredState;
  readonly firstSync: FirstSync;
  readonly writer: Writer;
  readonly drift: Drift;
  readonly a: Scope;
  readonly b: Scope;
  readonly synced: string[] = [];
  private readonly abort = new AbortController();
  private readonly running: Promise<void>[] = [];

  constructor(
    readonly etcd: FakeEtcd = new FakeEtcd(),
    options: {
      maxTxnOps?: number;
      leaseCapacity?: number;
      maxInflight?: number;
      budget?: Budget;
      log?: Log;
      clock?: Clock;
    } = {},
  ) {
    const clock = options.clock ?? systemClock;
    this.leases = new FakeLeases(etcd, options.leaseCapacity);
    this.desired = new DesiredState([
      { name: 'canaries', target: { prefix: 'canary/' }, express: true },
      { name: 'a', target: { prefix: 'a/' } },
      { name: 'b', target: { prefix: 'b/' } },
    ]);
    this.a = this.desired.scope('a');
    this.b = this.desired.scope('b');
    this.stored = new StoredState(this.desired, etcd, this.leases, 10);
    this.firstSync = new FirstSync({
      desired: this.desired,
      clock,
      log: silentLog,
      onSynced: (scope) => {
        this.synced.push(scope.name);
        this.desired.replace(this.desired.scope('canaries'), scope.name, [
          { key: `canary/${scope.name}`, value: 'now' },
        ]);
      },
    });
    this.writer = new Writer({
      desired: this.desired,
      kv: etcd,
      leases: this.leases,
      budget: options.budget ?? { take: () => Promise.resolve(), giveBack: () => undefined },
      pause: () => ({ next: () => 1, reset: () => undefined }),
      clock,
      log: options.log ?? silentLog,
      observer: silentObserver,
      maxTxnOps: options.maxTxnOps ?? 128,
      maxInflight: options.maxInflight ?? 4,
    });
    this.drift = new Drift({
      desired: this.desired,
      stored: this.stored,
      watcher: etcd,
      leases: this.leases,
      clock,
      log: silentLog,
      onEvent: () => undefined,
      onRepair: () => undefined,
      onReconnected: () => undefined,
    });
    recoverLostLeases(this.leases, this.desired);
  }

  async start(): Promise<this> {
    await this.stored.load([this.a, this.b]);
    this.running.push(this.writer.run(this.abort.signal));
    return this;
  }

  watch(scope: Scope): void {
    this.running.push(this.drift.run(scope, this.abort.signal), this.drift.runLater(this.abort.signal));
  }

  set(scope: Scope, owner: string, keys: Record<string, string>): void {
    this.desired.replace(
      scope,
      owner,
      Object.entries(keys).map(([key, value]) => ({ key: `${scope.name}/${key}`, value })),
    );
  }

  /** Nothing is dirty and nothing is under way. */
  async quiet(): Promise<void> {
    const busy = (): number =>
      [...this.desired.scopes.values()].reduce(
        (n, s) => n + s.inFlight + [...s.records.values()].filter((r) => r.dirty).length,
        0,
      );
    await eventually(() => busy() === 0, { timeoutMs: 5000 });
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.running);
  }
}
