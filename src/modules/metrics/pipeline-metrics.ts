import type { StageStatus } from '../../common/stage.js';
import type { MetricsRegistry } from './metrics-registry.js';

/** Metrics of the stages as a whole, and of the objects that they could not use. */
export class PipelineMetrics {
  constructor(private readonly registry: MetricsRegistry) {}

  /** `resource` as in `ciliumendpoints`. */
  objectRejected(resource: string): void {
    this.registry.counter('objects_rejected_total').inc({ resource });
  }

  /** Reads the health of every stage before each scrape. */
  followStages(source: () => readonly StageStatus[]): void {
    this.registry.beforeScrape(() => {
      const stages = source();
      const healthy = this.registry.gauge('stage_healthy');
      for (const stage of stages) healthy.set({ stage: stage.name }, stage.healthy ? 1 : 0);
      const ok = stages.filter((stage) => stage.healthy).length;
      const status = this.registry.gauge('cilium_hive_status');
      status.set({ status: 'ok' }, ok);
      status.set({ status: 'degraded' }, stages.length - ok);
      status.set({ status: 'stopped' }, 0);
    });
  }
}
