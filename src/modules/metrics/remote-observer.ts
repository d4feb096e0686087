import type { ControllerMetrics } from './controller-metrics.js';
import type { KvstoreMetrics, Outcome } from './kvstore-metrics.js';
import { kvstoreScope } from './kvstore-scope.js';

/**
 * The original's controllers of a remote cluster, of which we show what would have been their runs:
 * clustermesh-remote-cluster: an attempt to connect, until the cluster's configuration is known.
 * clustermesh-cluster-config: one look at that configuration.
 * clustermesh-cluster-config-enforcer: our version of it is in the local etcd.
 */
export type RemoteController =
  'clustermesh-remote-cluster' | 'clustermesh-cluster-config' | 'clustermesh-cluster-config-enforcer';

/** What the connections to remote clusters tell the metrics (spec/kvstoremesh.md §10.4). Labels name no cluster, as in the original. */
export class RemoteObserver {
  constructor(
    private readonly controllers: ControllerMetrics,
    private readonly kvstore: KvstoreMetrics,
  ) {}

  ran(controller: RemoteController, status: 'success' | 'failure'): void {
    this.controllers.run(controller, status);
  }

  /** Keys of a list, or events of a watch; they wait for nobody. @param prefix ends with `/` for a folder. */
  received(prefix: string, action: 'create' | 'modify' | 'delete' | 'listDone', count = 1): void {
    if (count > 0) this.kvstore.eventQueued(kvstoreScope(prefix.replace(/\/$/, '')), action, 0, count);
  }

  /** One key was read. */
  got(key: string, seconds: number, outcome: Outcome): void {
    this.kvstore.operation(kvstoreScope(key), 'Get', outcome, seconds);
  }

  /** Whether the list of a cluster's canaries is complete on the present connection. */
  canaries(cluster: string, listed: boolean): void {
    this.kvstore.initialSync(`${cluster}/`, listed, cluster, 'read');
  }

  /** No heartbeat for too long. */
  silent(): void {
    this.kvstore.quorumError('no event received');
  }
}
