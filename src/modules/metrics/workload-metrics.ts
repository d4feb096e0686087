import type { MetricsRegistry } from './metrics-registry.js';

/** Metrics of external workloads and of the identities that are allocated for them. */
export class WorkloadMetrics {
  constructor(private readonly registry: MetricsRegistry) {}

  allocation(outcome: 'created' | 'reused' | 'exhausted' | 'failed'): void {
    this.registry.counter('identity_allocations_total').inc({ outcome });
  }

  registration(outcome: 'answered' | 'published' | 'removed' | 'refused' | 'failed'): void {
    this.registry.counter('external_workload_registrations_total').inc({ outcome });
  }
}
