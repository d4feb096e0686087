import { canonicalIp } from '../../common/ip.js';

/** A value that Go's decoder would refuse, which makes the whole record unusable. */
export class UndecodableValue extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UndecodableValue';
  }
}

type Fields = ReadonlyMap<string, unknown>;

/** An object's fields by lower-case name: Go matches names in any letter case, the last one wins. null is the empty object. */
export function readFields(value: unknown, where: string): Fields {
  if (value === null || value === undefined) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw new UndecodableValue(`${where} is no object`);
  return new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
}

export function readText(fields: Fields, name: string): string {
  const value = fields.get(name.toLowerCase()) ?? '';
  if (typeof value !== 'string') throw new UndecodableValue(`${name} is no text`);
  return value;
}

export function readUint(fields: Fields, name: string, bits: 8 | 32): number {
  const value = fields.get(name.toLowerCase()) ?? 0;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new UndecodableValue(`${name} is no number of ${bits} bits`);
  }
  return value;
}

export function readItems(fields: Fields, name: string): readonly unknown[] {
  const value = fields.get(name.toLowerCase()) ?? [];
  if (!Array.isArray(value)) throw new UndecodableValue(`${name} is no list`);
  return value as readonly unknown[];
}

/** Canonical; '' for none. Text that is no address is refused. */
export function readIp(fields: Fields, name: string): string {
  const text = readText(fields, name);
  const ip = text === '' ? '' : canonicalIp(text);
  if (ip === undefined) throw new UndecodableValue(`${name} is no IP address: ${text}`);
  return ip;
}

export function readStrings(fields: Fields, name: string): ReadonlyMap<string, string> {
  const value = fields.get(name.toLowerCase()) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new UndecodableValue(`${name} is no map`);
  const map = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string' && text !== null) throw new UndecodableValue(`${name}.${key} is no text`);
    map.set(key, text ?? '');
  }
  return map;
}
