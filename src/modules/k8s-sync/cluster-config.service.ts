import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { StartError } from '../../common/start-error.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { ControllerMetrics } from '../metrics/controller-metrics.js';
import { DesiredState } from '../mirror/desired-state.js';
import { Writer } from '../mirror/writer.js';
import { CLUSTER_CONFIG_SCOPE } from './clustermesh-table.js';
import { clusterConfigValue } from './projections/cluster-config.js';
import { clusterConfigKey } from './projections/keys.js';

const firstWriteMs = 60_000;
const pollMs = 20;

/**
 * `cilium/cluster-config/<C>`, which tells remote clusters how to read ours. Written before any state key of the process; from
 * then on the mirror keeps it right like any other key.
 */
@Injectable()
export class ClusterConfigService {
  constructor(
    private readonly desired: DesiredState,
    private readonly writer: Writer,
    private readonly controllers: ControllerMetrics,
    @Inject(CLUSTERMESH_OPTIONS) private readonly options: ClustermeshOptions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Resolves when etcd holds it. @throws StartError when etcd refuses us, or after a minute (spec/k8s-sync.md §5). */
  async write(signal: AbortSignal): Promise<void> {
    const scope = this.desired.scope(CLUSTER_CONFIG_SCOPE);
    const key = clusterConfigKey(this.options.clusterName);
    this.desired.replace(scope, 'cluster-config', [{ key, value: clusterConfigValue(this.options) }]);
    const deadline = this.clock.monotonic() + firstWriteMs;
    while (scope.records.get(key)?.dirty !== false) {
      signal.throwIfAborted();
      const fault = this.writer.lastFault;
      const refused = fault?.kind === 'permission-denied' || fault?.kind === 'unauthenticated';
      if (refused || this.clock.monotonic() > deadline) {
        throw new StartError('Unable to set local cluster config on kvstore', {
          prefixed: false,
          cause: fault,
        });
      }
      await this.clock.sleep(pollMs, signal);
    }
    this.controllers.run('clustermesh-cluster-config-enforcer', 'success');
  }
}
