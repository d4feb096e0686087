import type { OnApplicationShutdown } from '@nestjs/common';
import type { TaskGroup } from '../../common/task-group.js';
import type { StageSource, StageStatus } from '../../common/stage.js';
import type { WriteFence } from '../../common/write-fence.js';
import type { LeaderElection } from './leader-election.js';

/** The process's part in the election, from its start to its end. */
export class Leadership implements StageSource, WriteFence, OnApplicationShutdown {
  private readonly stopped = new AbortController();
  private holding: Promise<void> = Promise.resolve();

  constructor(
    private readonly election: LeaderElection,
    private readonly closeConnections: () => void,
  ) {}

  /** Resolves when this process leads, be it in a month. Losing the lease later is the crash of a task, with StartError. */
  async acquire(tasks: TaskGroup): Promise<void> {
    await this.election.acquire(tasks.signal);
    if (tasks.signal.aborted) return;
    // Beyond the tasks' end: what they still write while they stop needs the lease.
    this.holding = this.election.hold(this.stopped.signal);
    const ended = new Promise<void>((resolve) => tasks.signal.addEventListener('abort', () => resolve()));
    tasks.spawn('leader election', () => Promise.race([this.holding, ended]));
  }

  /** Another leads: there is nothing to do but to wait. */
  isStandby(): boolean {
    return this.election.state === 'standby';
  }

  mayWrite(): boolean {
    return this.election.isLeading();
  }

  stageStatus(): readonly StageStatus[] {
    return this.election.stageStatus();
  }

  /** When every task has ended: nothing is written any more, so the next one may lead at once. */
  async onApplicationShutdown(): Promise<void> {
    this.stopped.abort();
    await this.holding.then(
      () => this.election.release(),
      // Lost while stopping: there is nothing to release, and the process ends anyway.
      () => undefined,
    );
    this.closeConnections();
  }
}
