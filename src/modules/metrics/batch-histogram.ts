type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly metricName: string;
  readonly labels: Labels;
  readonly value: number;
}

/** As prom-client's registry prints it. */
interface Samples {
  readonly name: string;
  readonly help: string;
  readonly type: 'histogram';
  readonly values: readonly Sample[];
}

/** One label combination of a histogram: plain counters, so that observing costs a search over the buckets and nothing else. */
export class BucketCounts {
  readonly counts: Float64Array;
  sum = 0;
  total = 0;

  constructor(
    readonly labels: Labels,
    private readonly bounds: readonly number[],
  ) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Counts `times` observations of the same value, as the keys of one transaction are. */
  observe(value: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? Infinity)) bucket++;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + times;
    this.sum += value * times;
    this.total += times;
  }
}

/**
 * A histogram that prom-client's registry can print. prom-client's own validates and hashes the labels on each observation and
 * cannot count several at once; a first sync observes tens of thousands.
 */
export class BatchHistogram<Label extends string> {
  private readonly children = new Map<string, BucketCounts>();

  constructor(
    readonly name: string,
    private readonly help: string,
    private readonly labelNames: readonly Label[],
    /** Upper bounds, ascending, without +Inf. */
    readonly bounds: readonly number[],
  ) {}

  /** The values in the order of the label names. Always the same child for the same values. */
  child(...values: readonly string[]): BucketCounts {
    const key = values.join('\u0000');
    const known = this.children.get(key);
    if (known) return known;
    const labels = Object.fromEntries(this.labelNames.map((name, at) => [name, values[at] ?? '']));
    const child = new BucketCounts(labels, this.bounds);
    this.children.set(key, child);
    return child;
  }

  /** What prom-client's Registry asks of a metric. */
  get(): Promise<Samples> {
    const values = [...this.children.values()].flatMap((child) => this.samples(child));
    return Promise.resolve({ name: this.name, help: this.help, type: 'histogram', values });
  }

  private samples(child: BucketCounts): Sample[] {
    let below = 0;
    const buckets = [...this.bounds.map(String), '+Inf'].map((le, at) => {
      below += child.counts[at] ?? 0;
      return { metricName: `${this.name}_bucket`, labels: { ...child.labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels: child.labels, value: child.sum },
      { metricName: `${this.name}_count`, labels: child.labels, value: child.total },
    ];
  }
}
