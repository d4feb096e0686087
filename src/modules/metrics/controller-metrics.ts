import type { MetricsRegistry } from './metrics-registry.js';

/** Runs of the periodic jobs, for the groups that `--controller-group-metrics` enables (`all`, `none`, or names). */
export class ControllerMetrics {
  private readonly enabled: (group: string) => boolean;

  constructor(
    private readonly registry: MetricsRegistry,
    groups: readonly string[],
  ) {
    const names = new Set(groups);
    this.enabled = (group) => !names.has('none') && (names.has('all') || names.has(group));
  }

  /** E.g. `k8s-heartbeat`, `clustermesh-cluster-config-enforcer`, `kvstore-sync`, `clustermesh-users-management`. */
  run(group: string, status: 'success' | 'failure'): void {
    if (!this.enabled(group)) return;
    this.registry.counter('controllers_group_runs_total').inc({ group_name: group, status });
  }
}
