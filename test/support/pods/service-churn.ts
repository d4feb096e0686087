import { setTimeout as pause } from 'node:timers/promises';
import type { MeshCluster } from './mesh-cluster.js';

/** Changes services of a cluster at a steady pace, until it is stopped. */
export class ServiceChurn {
  changes = 0;
  private readonly last = new Map<string, string>();
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    private readonly cluster: MeshCluster,
    private readonly names: readonly string[],
    /** Between two changes. */
    private readonly everyMs: number,
  ) {
    this.running = this.run();
    // stop() tells of it.
    this.running.catch(() => undefined);
  }

  /** @returns the revision that each service has come to. @throws what has ended it before. */
  async stop(): Promise<ReadonlyMap<string, string>> {
    this.stopping.abort();
    await this.running;
    return this.last;
  }

  private async run(): Promise<void> {
    for (let due = performance.now(); !this.stopping.signal.aborted; due += this.everyMs) {
      await pause(Math.max(0, due - performance.now()));
      const name = this.names[this.changes % this.names.length] ?? '';
      const revision = `churn-${String(++this.changes)}`;
      const path = `/api/v1/namespaces/sample/services/${name}`;
      await this.cluster.patch(path, { metadata: { labels: { revision } } });
      this.last.set(name, revision);
    }
  }
}
