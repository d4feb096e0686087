/** @param {number} value */
export function number(value) {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

const steps = /** @type {const} */ ([
  [86_400_000, 'd', 3_600_000, 'h'],
  [3_600_000, 'h', 60_000, 'min'],
  [60_000, 'min', 1000, 's'],
]);

/**
 * `350 ms`, `12 s`, `4 min 3 s`, `2 d 5 h`.
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  for (const [large, unit, small, part] of steps) {
    if (ms < large) continue;
    const rest = Math.floor((ms % large) / small);
    return `${Math.floor(ms / large)} ${unit}${rest > 0 ? ` ${rest} ${part}` : ''}`;
  }
  return `${Math.floor(ms / 1000)} s`;
}

/**
 * A span of time that is long over is not shown to the millisecond.
 * @param {number} since ms since the epoch
 * @param {number} now
 */
export function age(since, now) {
  const ms = now - since;
  return ms < 1000 ? 'now' : duration(ms);
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  while (value >= 1024 && units.length > 1) {
    value /= 1024;
    units.shift();
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[0]}`;
}

/** @param {number} at ms since the epoch */
export function clockTime(at) {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** @param {number} at ms since the epoch */
export function fullTime(at) {
  return new Date(at).toISOString();
}

/**
 * `dbSizeBytes` → `db size`: the unit is in the value.
 * @param {string} name
 */
export function factName(name) {
  const words = name.replace(/(Ms|Bytes|At)$/, '').replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  return words.toLowerCase();
}

/**
 * A count or detail of a stage; the end of its name says the unit.
 * @param {string} name
 * @param {string | number | boolean | null} value
 * @param {number} now ms since the epoch
 */
export function factValue(name, value, now) {
  if (value === null || value === '') return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (name.endsWith('Ms')) return duration(value);
  if (name.endsWith('Bytes')) return size(value);
  if (name.endsWith('At')) return value === 0 ? 'never' : `${age(value, now)} ago`;
  return number(value);
}
