import type { ConnectStep } from '../etcd/remote/remote-etcd.js';

/**
 * Where a remote cluster is on its way, or where it is stuck.
 * queued:    its turn to connect has not come (connections a second are limited).
 * files:     reading its configuration and the certificates that it names.
 * resolve … auth: on the way into its etcd.
 * heartbeat: the first watch is being opened.
 * config:    its cluster configuration is being read, or waited for.
 * syncing:   at least one type waits for its canary or is being listed.
 * ready:     everything is listed and watched.
 */
export type RemoteStageName = 'queued' | 'files' | ConnectStep | 'heartbeat' | 'config' | 'syncing' | 'ready';

const order: readonly RemoteStageName[] = [
  'queued',
  'files',
  'resolve',
  'tcp',
  'tls',
  'auth',
  'heartbeat',
  'config',
  'syncing',
  'ready',
];

export interface StageFailure {
  readonly message: string;
  /** ms since the epoch. */
  readonly at: number;
}

/**
 * The stage and since when. While a cluster is being retried, it stays in the stage that it failed in: attempts that fail at
 * the same place again and again are one long wait, not a thousand short ones.
 */
export class RemoteStage {
  private current: RemoteStageName = 'queued';
  private enteredAt: number;
  private stuckAt: RemoteStageName | undefined;
  private readonly failures = new Map<RemoteStageName, StageFailure>();
  private last: StageFailure | undefined;
  /** Of the attempt under way; `current` lags behind it while a retry is on its way to where it failed. */
  private reached: RemoteStageName = 'queued';

  constructor(private readonly now: () => number) {
    this.enteredAt = now();
  }

  get name(): RemoteStageName {
    return this.current;
  }

  get since(): number {
    return this.enteredAt;
  }

  get lastError(): StageFailure | undefined {
    return this.last;
  }

  /** The last error of each stage that ever failed. */
  get errors(): ReadonlyMap<RemoteStageName, StageFailure> {
    return this.failures;
  }

  /** A new attempt begins after a connection was lost, or after the configuration changed: nothing is stuck yet. */
  restart(): void {
    this.stuckAt = undefined;
    this.enter('queued');
  }

  enter(stage: RemoteStageName): void {
    this.reached = stage;
    if (this.stuckAt !== undefined && order.indexOf(stage) <= order.indexOf(this.stuckAt)) return;
    this.stuckAt = undefined;
    this.show(stage);
  }

  /** The present stage failed for now, without ending the attempt. */
  failed(error: unknown, stage = this.reached): void {
    const failure = { message: error instanceof Error ? error.message : String(error), at: this.now() };
    this.last = failure;
    this.failures.set(stage, failure);
  }

  /** The attempt ended in its present stage. */
  stuck(error: unknown): void {
    this.failed(error);
    this.stuckAt = this.reached;
    this.show(this.reached);
  }

  private show(stage: RemoteStageName): void {
    if (stage === this.current) return;
    this.current = stage;
    this.enteredAt = this.now();
  }
}
