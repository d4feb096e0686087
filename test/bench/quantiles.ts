/** Quantiles of latencies in ms, one decimal. */
export function quantiles(values: readonly number[]): { p50: number; p90: number; p99: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
    return Math.round(value * 10) / 10;
  };
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
