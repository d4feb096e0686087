/** Milliseconds of each unit that Go knows. U+00B5 and U+03BC both mean micro. */
const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['\u00b5s', 1e-3],
  ['\u03bcs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Go's durations are nanoseconds in an int64. */
const maxMs = 2 ** 63 / 1e6;
const part = /(\d*)(?:\.(\d*))?([^\d.]*)/y;

/**
 * A Go duration (`1h30m`, `1.5s`, `100ms`, `0`, `-5s`) in milliseconds.
 * @throws Error worded as Go's time.ParseDuration.
 */
export function parseGoDuration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const start = /^[+-]/.test(text) ? 1 : 0;
  if (text.slice(start) === '0') return 0;
  if (start === text.length) throw invalid(text);
  let ms = 0;
  part.lastIndex = start;
  while (part.lastIndex < text.length) {
    ms += nextPart(text);
    if (ms > maxMs) throw invalid(text);
  }
  return ms === 0 ? 0 : sign * ms;
}

function nextPart(text: string): number {
  const [, whole, fraction = '', unit = ''] = part.exec(text) ?? [];
  const number = `${whole}.${fraction}`;
  if (number === '.') throw invalid(text);
  return Number(number) * unitOf(unit, text);
}

function unitOf(unit: string, text: string): number {
  if (unit === '') throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`);
  const ms = unitMs.get(unit);
  if (ms !== undefined) return ms;
  throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
}

function invalid(text: string): Error {
  return new Error(`time: invalid duration ${JSON.stringify(text)}`);
}

/** Up to nine decimals, none at the end that is 0. */
function decimal(value: number): string {
  return String(Number(value.toFixed(9)));
}

/** As Go's Duration.String(): `15m0s`, `1h0m0.5s`, `100ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size === 0) return '0s';
  if (size < 1e-3) return `${sign}${Math.round(size * 1e6)}ns`;
  if (size < 1) return `${sign}${decimal(size * 1e3)}\u00b5s`;
  if (size < 1000) return `${sign}${decimal(size)}ms`;
  const minutes = Math.floor(size / 60_000);
  const seconds = decimal((size - minutes * 60_000) / 1000);
  if (minutes === 0) return `${sign}${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours > 0 ? `${hours}h` : ''}${minutes % 60}m${seconds}s`;
}
