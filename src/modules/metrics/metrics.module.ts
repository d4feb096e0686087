import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common';
import type { BuildInfo } from '../../common/build-info.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../config/clustermesh-options.js';
import { ControllerMetrics } from './controller-metrics.js';
import { KvstoreMetrics } from './kvstore-metrics.js';
import { LimiterMetrics } from './limiter-metrics.js';
import type { MetricsApp } from './metric-table.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsRegistry } from './metrics-registry.js';
import { PipelineMetrics } from './pipeline-metrics.js';
import { WorkloadMetrics } from './workload-metrics.js';

export interface MetricsModuleOptions {
  readonly app: MetricsApp;
  readonly build: BuildInfo;
}

type Settings = Pick<ClustermeshOptions, 'clusterName' | 'controllerGroupMetrics' | 'prometheusServeAddr'>;

/** Makes the metrics injectable everywhere, by class: KvstoreMetrics, LimiterMetrics, ControllerMetrics, PipelineMetrics, WorkloadMetrics. */
@Global()
@Module({})
export class MetricsModule {
  static register(options: MetricsModuleOptions): DynamicModule {
    const providers = [registryProvider(options), ...facades];
    return {
      module: MetricsModule,
      controllers: [MetricsController],
      providers,
      exports: [
        MetricsRegistry,
        KvstoreMetrics,
        LimiterMetrics,
        ControllerMetrics,
        PipelineMetrics,
        WorkloadMetrics,
      ],
    };
  }
}

function registryProvider({ app, build }: MetricsModuleOptions): Provider {
  return {
    provide: MetricsRegistry,
    inject: [CLUSTERMESH_OPTIONS],
    useFactory: (settings: Settings) => {
      const registry = new MetricsRegistry({ app, processMetrics: settings.prometheusServeAddr !== '' });
      const { version, revision, arch } = build;
      registry.gauge('version').set({ version, revision, arch }, 0);
      return registry;
    },
  };
}

const facades: Provider[] = [
  {
    provide: KvstoreMetrics,
    inject: [MetricsRegistry, CLUSTERMESH_OPTIONS],
    useFactory: (registry: MetricsRegistry, settings: Settings) =>
      new KvstoreMetrics(registry, settings.clusterName),
  },
  {
    provide: LimiterMetrics,
    inject: [MetricsRegistry],
    useFactory: (registry: MetricsRegistry) => new LimiterMetrics(registry),
  },
  {
    provide: ControllerMetrics,
    inject: [MetricsRegistry, CLUSTERMESH_OPTIONS],
    useFactory: (registry: MetricsRegistry, settings: Settings) =>
      new ControllerMetrics(registry, settings.controllerGroupMetrics),
  },
  {
    provide: PipelineMetrics,
    inject: [MetricsRegistry],
    useFactory: (registry: MetricsRegistry) => new PipelineMetrics(registry),
  },
  {
    provide: WorkloadMetrics,
    inject: [MetricsRegistry],
    useFactory: (registry: MetricsRegistry) => new WorkloadMetrics(registry),
  },
];
