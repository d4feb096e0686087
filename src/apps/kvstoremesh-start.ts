import { Inject, Injectable, Optional } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { growHeapSlowly } from '../common/heap-growth.js';
import { LOG, type Log } from '../common/log.js';
import { StartError } from '../common/start-error.js';
import type { TaskGroup } from '../common/task-group.js';
import { EtcdConnection } from '../modules/etcd/etcd-connection.js';
import { HttpListeners } from '../modules/http/http-listeners.service.js';
import { KvstoreMesh } from '../modules/kvstoremesh/kvstoremesh.service.js';
import { MeshReadiness } from '../modules/kvstoremesh/mesh-readiness.js';
import { Leadership } from '../modules/leader-election/leadership.js';
import { MirrorService } from '../modules/mirror/mirror.service.js';

/** Everything that must be there before "Started" has five minutes together (spec/operations.md §1.1). */
const startLimitMs = 5 * 60_000;

/**
 * The start, in the order of the original: health and metrics at once, the leadership where there is an election, then the local etcd; remote clusters and the API only
 * when it has answered (spec/kvstoremesh.md §2.1).
 */
@Injectable()
export class KvstoremeshStart {
  constructor(
    private readonly listeners: HttpListeners,
    private readonly etcd: EtcdConnection,
    private readonly mirror: MirrorService,
    private readonly mesh: KvstoreMesh,
    private readonly readiness: MeshReadiness,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    /** Only when replicas share one etcd. */
    @Optional() private readonly leadership?: Leadership,
  ) {}

  /** Resolves when started: clusters go on connecting. @throws StartError. */
  async run(tasks: TaskGroup): Promise<void> {
    await this.listeners.open('admin', 'health', 'metrics');
    await this.leadership?.acquire(tasks);
    const started = this.clock.monotonic();
    await this.connect(tasks);
    await this.mirror.start(tasks);
    await this.mesh.start(tasks);
    tasks.spawn('readiness', async (signal) => {
      await this.readiness.run(signal);
      // Not during the flood of first writes: collecting a heap that grows anyway would cost a fifth of the CPU.
      growHeapSlowly();
    });
    await this.listeners.open('api');
    this.log.info('Started', { duration: `${((this.clock.monotonic() - started) / 1000).toFixed(3)}s` });
  }

  private async connect(tasks: TaskGroup): Promise<void> {
    const limit = AbortSignal.timeout(startLimitMs);
    try {
      await this.etcd.connect(AbortSignal.any([tasks.signal, limit]));
    } catch (error) {
      if (!limit.aborted) throw error;
      throw new StartError('context deadline exceeded', { cause: this.etcd.lastError });
    }
    tasks.spawn('etcd connection', (signal) => this.etcd.run(signal));
  }
}
