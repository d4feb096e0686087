function two(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * A point in time as Go's time.RFC3339 prints it in the local zone: seconds, `Z` or `-05:00` (spec/k8s-sync.md §5).
 * @param ms since the epoch; parts of a second are cut.
 * @param offsetMinutes east of Greenwich; default the process's zone at that time.
 */
export function rfc3339(ms: number, offsetMinutes = -new Date(ms).getTimezoneOffset()): string {
  const local = new Date(ms + offsetMinutes * 60_000).toISOString().slice(0, 19);
  if (offsetMinutes === 0) return local + 'Z';
  const minutes = Math.abs(offsetMinutes);
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
