export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  /** Without `_sum` and `_count`. */
  readonly samples: Sample[];
  /** The `le` values in their order, of a histogram. */
  readonly bounds: string[];
}

/** The text format 0.0.4, as far as tests need it. */
export function parseMetrics(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type) families.set(type[1]!, { type: type[2]!, samples: [], bounds: [] });
    const sample = /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample) add(families, sample[1]!, labelsOf(sample[2] ?? ''), Number(sample[3]));
  }
  return families;
}

function add(
  families: Map<string, Family>,
  name: string,
  labels: Record<string, string>,
  value: number,
): void {
  const family = families.get(name) ?? families.get(name.replace(/_bucket$/, ''));
  if (!family) return;
  family.samples.push({ labels, value });
  if (labels['le'] !== undefined && !family.bounds.includes(labels['le'])) family.bounds.push(labels['le']);
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
}
