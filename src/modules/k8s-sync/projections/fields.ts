/**
 * Reading objects of which nothing is certain: a field that is missing, null or of the wrong type reads as Go's zero value.
 * The API server vouches for metadata (name, namespace, labels, annotations) and for built-in kinds, but for little of a CRD.
 */

type Fields = Readonly<Record<string, unknown>>;

const noFields: Fields = {};
const noItems: readonly unknown[] = [];

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : noFields;
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : noItems;
}

export function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A map of strings. A null value is the empty string, as for Go; a value of another type is left out. */
export function stringMapOf(value: unknown): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, text] of Object.entries(fieldsOf(value))) {
    if (typeof text === 'string') map.set(name, text);
    else if (text === null) map.set(name, '');
  }
  return map;
}

/** The value of the first of these names that is present, even if empty. */
export function firstPresent(map: ReadonlyMap<string, string>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = map.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}
