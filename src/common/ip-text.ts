/**
 * Reading and printing IP addresses in Go's grammar (spec/k8s-sync.md §7), for ip.ts and cidr.ts. Hot: 40,000 addresses at start, so
 * characters are read one by one and results are left in module variables: reading and printing are one synchronous step.
 */

/** The eight groups of the IPv6 address read last. */
const groups = new Uint16Array(8);
/** How many of them have been read, and where the `::` stood (-1: nowhere). */
let count = 0;
let ellipsis = -1;
/** The number read last. */
let octet = 0;
let group = 0;

const zero = 48;
const dot = 46;
const colon = 58;
const percent = 37;

/** What Go's netip looks for to tell the families apart: the first `.` or `:`. A `%` before either is no address. */
export function familyOf(text: string): 4 | 6 | 0 {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === dot) return 4;
    if (code === colon) return 6;
    if (code === percent) return 0;
  }
  return 0;
}

/** Where the field 0..255 at `at` ends, -1 if there is none. Behind a leading zero it ends at once. */
function endOfOctet(text: string, at: number, end: number): number {
  octet = text.charCodeAt(at) - zero;
  if (at >= end || !(octet >= 0 && octet <= 9)) return -1;
  let i = at + 1;
  if (octet === 0) return i;
  for (; i < end; i++) {
    const digit = text.charCodeAt(i) - zero;
    if (digit < 0 || digit > 9) break;
    octet = octet * 10 + digit;
    if (octet > 255) return -1;
  }
  return i;
}

/** text[start..end) as a number, or -1: four decimal fields without leading zeros. */
export function readIpv4(text: string, start: number, end: number): number {
  let address = 0;
  let at = start;
  for (let field = 0; field < 4; field++) {
    if (field > 0 && text.charCodeAt(at++) !== dot) return -1;
    at = endOfOctet(text, at, end);
    if (at < 0) return -1;
    address = address * 256 + octet;
  }
  return at === end ? address : -1;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Where the hexadecimal number at `start` ends; -1: it does not fit 16 bits. More than four digits are fine if it fits. */
function endOfGroup(text: string, start: number, end: number): number {
  group = 0;
  let i = start;
  for (; i < end; i++) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) break;
    group = group * 16 + digit;
    if (group > 0xffff) return -1;
  }
  return i;
}

/** The dotted quad that ends an IPv6 address, as two groups. */
function readTail(text: string, start: number, end: number): boolean {
  if (count > 6 || (ellipsis < 0 && count !== 6)) return false;
  const tail = readIpv4(text, start, end);
  if (tail < 0) return false;
  groups[count++] = tail / 65536;
  groups[count++] = tail % 65536;
  return true;
}

/** Reads one group and the colons behind it. Where the next one begins; -1: no address. */
function readField(text: string, at: number, end: number): number {
  const stop = endOfGroup(text, at, end);
  if (stop <= at || count === 8) return -1;
  if (stop < end && text.charCodeAt(stop) === dot) return readTail(text, at, end) ? end : -1;
  groups[count++] = group;
  return stop === end ? end : skipColons(text, stop, end);
}

function skipColons(text: string, at: number, end: number): number {
  if (text.charCodeAt(at) !== colon || at + 1 === end) return -1;
  if (text.charCodeAt(at + 1) !== colon) return at + 1;
  if (ellipsis >= 0) return -1;
  ellipsis = count;
  return at + 2;
}

/** Moves the groups behind the `::` to the end and clears the gap. False: too few groups, or a `::` that stands for none. */
function expand(): boolean {
  if (count === 8) return ellipsis < 0;
  if (ellipsis < 0) return false;
  const gap = 8 - count;
  groups.copyWithin(ellipsis + gap, ellipsis, count);
  groups.fill(0, ellipsis, ellipsis + gap);
  return true;
}

/** Reads text[0..end), without a zone, for the functions below. */
export function readIpv6(text: string, end: number): boolean {
  count = 0;
  ellipsis = -1;
  let at = 0;
  if (end >= 2 && text.charCodeAt(0) === colon && text.charCodeAt(1) === colon) {
    ellipsis = 0;
    at = 2;
  }
  while (at >= 0 && at < end) at = readField(text, at, end);
  return at === end && expand();
}

/** Clears the host bits of the address read last. */
export function maskIpv6(bits: number): void {
  for (let i = 0; i < 8; i++) {
    groups[i] = (groups[i] ?? 0) & (0xffff0000 >> Math.min(16, Math.max(0, bits - i * 16)));
  }
}

/** Whether the address read last is `::ffff:a.b.c.d`. */
export function isMappedIpv4(): boolean {
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return false;
  return groups[5] === 0xffff;
}

/** The last 32 bits of the address read last. */
export function printTail(): string {
  return printIpv4((groups[6] ?? 0) * 65536 + (groups[7] ?? 0));
}

export function printIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** Start and length of the longest run of two or more zero groups (the first of equals), as start * 16 + length; 0: none. */
function longestZeroRun(): number {
  let best = 0;
  let bestLength = 1;
  let length = 0;
  for (let i = 0; i < 8; i++) {
    length = groups[i] === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      best = (i - length + 1) * 16 + length;
    }
  }
  return best;
}

function printGroups(from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += (i === from ? '' : ':') + (groups[i] ?? 0).toString(16);
  return text;
}

/** The address read last; never with a dotted quad. */
export function printIpv6(): string {
  const run = longestZeroRun();
  if (run === 0) return printGroups(0, 8);
  const start = run >> 4;
  return printGroups(0, start) + '::' + printGroups(start + (run & 15), 8);
}
