import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { ReadinessSource, ReadinessStatus } from '../../common/readiness-source.js';
import type { MirrorService } from '../mirror/mirror.service.js';
import type { KvstoreMesh } from './kvstoremesh.service.js';
import type { RemoteCluster } from './remote-cluster.js';

export interface MeshReadinessOptions {
  readonly mesh: Pick<KvstoreMesh, 'clusters'>;
  readonly mirror: Pick<MirrorService, 'becomeReady' | 'caughtUp' | 'watchAreas'>;
  readonly perClusterMs: number;
  readonly globalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

const pollMs = 100;
/** Times of the limit of one cluster, after which writes that do not end (a full database) hold nothing back. */
const patience = 8;

/**
 * Ready when every cluster that was configured at the start is stored with its canaries, did not connect in time, or is gone;
 * at the latest after the global limit (spec/kvstoremesh.md §10.1). Later clusters do not count.
 */
export class MeshReadiness implements ReadinessSource {
  private waiting: Set<RemoteCluster> | undefined;
  private done = false;
  private readonly createdAt: number;

  constructor(private readonly options: MeshReadinessOptions) {
    this.createdAt = options.clock.now();
  }

  /** To be run once the directory has been read. Resolves when ready, or on abort. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, mesh, mirror, perClusterMs, globalMs, log } = this.options;
    const began = clock.monotonic();
    const waiting = (this.waiting = new Set(mesh.clusters()));
    this.drop(waiting);
    while (waiting.size > 0 && !signal.aborted) {
      await clock.sleep(pollMs, signal);
      this.drop(waiting);
      // One cluster that waits for a canary keeps the probe red for long; what the others have stored is guarded all the same,
      // but not while the flood of first writes lasts: each would come back as an event.
      const elapsedMs = clock.monotonic() - began;
      if (elapsedMs >= perClusterMs && (mirror.caughtUp || elapsedMs >= patience * perClusterMs))
        mirror.watchAreas();
      if (waiting.size === 0 || elapsedMs < globalMs) continue;
      const clusters = [...waiting].map(({ name }) => name).join(',');
      log.error('Not all remote clusters were synchronized within the global timeout: going on', {
        clusters,
      });
      break;
    }
    if (signal.aborted) return;
    this.done = true;
    mirror.becomeReady();
  }

  readiness(): readonly ReadinessStatus[] {
    if (this.done) return [];
    if (!this.waiting) {
      const waitingFor = 'the local etcd to be connected';
      return [{ scope: 'remote-clusters', ready: false, waitingFor, since: this.createdAt }];
    }
    return [...this.waiting].map(({ name, stage }) => ({
      scope: `remote/${name}`,
      ready: false,
      waitingFor: stage.name === 'ready' ? 'its copies to be stored' : `stage ${stage.name}`,
      since: stage.since,
    }));
  }

  private drop(waiting: Set<RemoteCluster>): void {
    const configured = new Set(this.options.mesh.clusters());
    for (const cluster of waiting) {
      if (!configured.has(cluster) || cluster.cache.written || this.tooLate(cluster)) waiting.delete(cluster);
    }
  }

  private tooLate(cluster: RemoteCluster): boolean {
    const { perClusterMs, log } = this.options;
    if (cluster.config || cluster.ageMs < perClusterMs) return false;
    log.info('Remote cluster did not connect within timeout, removing from readiness checks', {
      clusterName: cluster.name,
    });
    return true;
  }
}
