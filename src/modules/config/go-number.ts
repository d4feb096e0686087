/**
 * Numbers and booleans as Go's strconv reads them, with its messages: `strconv.ParseUint: parsing "-1": invalid syntax`.
 * Integers beyond 2^53 are refused as out of range.
 */
const integer = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const booleans: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false])),
};

export function parseBool(text: string): boolean {
  const value = Object.hasOwn(booleans, text) ? booleans[text] : undefined;
  if (value === undefined) throw failure('ParseBool', text, 'invalid syntax');
  return value;
}

/** Any of Go's bases: 10, 0x, 0b, 0o and a leading 0. */
export function parseUint(text: string, bits: 16 | 32 | 64): number {
  return ranged('ParseUint', text, magnitude('ParseUint', text, text), 0n, (1n << BigInt(bits)) - 1n);
}

export function parseInt64(text: string): number {
  const value = magnitude('ParseInt', text, text.replace(/^[+-]/, ''));
  return signed('ParseInt', text, value);
}

/** Decimal only. */
export function atoi(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw failure('Atoi', text, 'invalid syntax');
  return signed('Atoi', text, BigInt(text.replace(/^[+-]/, '')));
}

export function parseFloat64(text: string): number {
  if (!decimal.test(text)) throw failure('ParseFloat', text, 'invalid syntax');
  const value = Number(text);
  if (!Number.isFinite(value)) throw failure('ParseFloat', text, 'value out of range');
  return value;
}

function magnitude(what: string, text: string, digits: string): bigint {
  if (!integer.test(digits)) throw failure(what, text, 'invalid syntax');
  const bare = digits.replaceAll('_', '');
  return BigInt(/^0[0-7]/.test(bare) ? `0o${bare.slice(1)}` : bare);
}

function signed(what: string, text: string, value: bigint): number {
  return ranged(what, text, text.startsWith('-') ? -value : value, -(1n << 63n), (1n << 63n) - 1n);
}

function ranged(what: string, text: string, value: bigint, low: bigint, high: bigint): number {
  const number = Number(value);
  if (value < low || value > high || !Number.isSafeInteger(number))
    throw failure(what, text, 'value out of range');
  return number;
}

function failure(what: string, text: string, why: string): Error {
  return new Error(`strconv.${what}: parsing ${JSON.stringify(text)}: ${why}`);
}
