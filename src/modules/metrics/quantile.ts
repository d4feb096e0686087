/** Observations by bucket: `counts` has one more than `bounds`, for what lies above the last. */
export interface Buckets {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/**
 * The value below which the share `q` of the observations lies, estimated as Prometheus' histogram_quantile() does: evenly
 * spread within a bucket, and never above the last bound. Undefined without observations.
 */
export function quantile(q: number, { bounds, counts }: Buckets): number | undefined {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return undefined;
  const rank = q * total;
  let below = 0;
  for (const [at, bound] of bounds.entries()) {
    const here = counts[at] ?? 0;
    if (here > 0 && below + here >= rank) {
      const lower = bounds[at - 1] ?? 0;
      return lower + ((bound - lower) * (rank - below)) / here;
    }
    below += here;
  }
  return bounds.at(-1);
}
