import { Counter, Gauge, type GaugeConfiguration, type Metric, Registry } from 'prom-client';
import { BatchHistogram } from './batch-histogram.js';
import {
  fullName,
  type LabelOf,
  type MetricName,
  type MetricOfType,
  METRICS,
  type MetricsApp,
} from './metric-table.js';
import { addProcessMetrics } from './process-metrics.js';

export interface MetricsRegistryOptions {
  readonly app: MetricsApp;
  /** The process's and the runtime's own metrics too; they cost an event loop monitor and a GC observer. */
  readonly processMetrics: boolean;
}

/** The metrics of one program, made from the table. Not prom-client's global registry, so that several can live in one process. */
export class MetricsRegistry {
  private readonly registry = new Registry();
  private readonly metrics = new Map<MetricName, unknown>();
  private readonly refreshers: (() => void)[] = [];

  constructor(private readonly options: MetricsRegistryOptions) {
    for (const name of Object.keys(METRICS) as MetricName[]) this.metrics.set(name, this.create(name));
    if (options.processMetrics)
      addProcessMetrics(this.registry, this.gauge('process_virtual_memory_max_bytes'));
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  counter<Name extends MetricOfType<'counter'>>(name: Name): Counter<LabelOf<Name>> {
    return this.metrics.get(name) as Counter<LabelOf<Name>>;
  }

  gauge<Name extends MetricOfType<'gauge'>>(name: Name): Gauge<LabelOf<Name>> {
    return this.metrics.get(name) as Gauge<LabelOf<Name>>;
  }

  histogram<Name extends MetricOfType<'histogram'>>(name: Name): BatchHistogram<LabelOf<Name>> {
    return this.metrics.get(name) as BatchHistogram<LabelOf<Name>>;
  }

  /** For gauges that are read off the program's state: runs right before each scrape. */
  beforeScrape(refresh: () => void): void {
    this.refreshers.push(refresh);
  }

  /** Text format 0.0.4, sorted by name; a metric shows up with its first sample, as in the original. */
  async text(): Promise<string> {
    for (const refresh of this.refreshers) refresh();
    const names = this.registry
      .getMetricsAsArray()
      .map((metric) => metric.name)
      .sort();
    const blocks = await Promise.all(names.map((name) => this.registry.getSingleMetricAsString(name)));
    return blocks
      .filter(hasSamples)
      .map((block) => `${block}\n`)
      .join('');
  }

  private create(name: MetricName): unknown {
    const spec = METRICS[name];
    const full = fullName(this.options.app, name);
    const registers = [this.registry];
    switch (spec.type) {
      case 'counter':
        return new Counter({ name: full, help: spec.help, labelNames: spec.labels, registers });
      case 'gauge':
        return gaugeWithoutZero({ name: full, help: spec.help, labelNames: spec.labels, registers });
      case 'histogram': {
        const histogram = new BatchHistogram(full, spec.help, spec.labels, spec.buckets);
        // The registry only asks a metric for its name and its values; the type lists prom-client's own classes.
        this.registry.registerMetric(histogram as unknown as Metric);
        return histogram;
      }
    }
  }
}

/** prom-client starts a gauge without labels at 0, which would be a claim that nobody has made yet. */
function gaugeWithoutZero(configuration: GaugeConfiguration<string>): Gauge {
  const gauge = new Gauge(configuration);
  if (configuration.labelNames?.length === 0) gauge.remove();
  return gauge;
}

/** The first two lines are HELP and TYPE. */
function hasSamples(block: string): boolean {
  return block.split('\n', 3).length > 2;
}
