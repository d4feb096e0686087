import type { EtcdAdmin } from './etcd-admin.js';

/** Keys and values as text, the form in which tests say what they expect. */
export type Keys = Readonly<Record<string, string>>;

/** Keys and values as etcd holds them; texts are latin1, so that equal texts are equal bytes. */
export type Snapshot = ReadonlyMap<string, string>;

export interface StoredKey {
  /** The value's bytes as latin1 text: equal texts are equal bytes. */
  readonly value: string;
  readonly modRevision: string;
  readonly lease: string;
}

/** Everything under a prefix, by key (latin1 text of its bytes). */
export async function readKeys(etcd: EtcdAdmin, prefix: string): Promise<Map<string, StoredKey>> {
  const entries = await etcd.entries(prefix);
  return new Map(
    entries.map(({ key, value, mod_revision, lease }) => [
      key.toString('latin1'),
      { value: value.toString('latin1'), modRevision: mod_revision, lease },
    ]),
  );
}

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/;

/** The wanted keys of what etcd holds; values that are nothing but a time stamp become `<RFC3339>`. */
export function snapshotOf(
  stored: ReadonlyMap<string, StoredKey>,
  wanted: (key: string) => boolean,
): Snapshot {
  const keys = [...stored].filter(([key]) => wanted(key));
  return new Map(keys.map(([key, { value }]) => [key, timestamp.test(value) ? '<RFC3339>' : value]));
}

/** The same form for what is expected. */
export function expectedSnapshot(keys: Keys): Snapshot {
  return new Map(Object.entries(keys).map(([key, value]) => [latin1(key), latin1(value)]));
}

/** One line a difference, byte for byte; none when they are equal. */
export function differences(actual: Snapshot, expected: Snapshot): string[] {
  const lines: string[] = [];
  for (const [key, value] of expected) {
    const got = actual.get(key);
    if (got === undefined) lines.push(`missing ${text(key)}: ${text(value)}`);
    else if (got !== value) lines.push(unequal(key, got, value));
  }
  for (const [key, value] of actual) {
    if (!expected.has(key)) lines.push(`unexpected ${text(key)}: ${text(value)}`);
  }
  return lines;
}

function unequal(key: string, got: string, expected: string): string {
  let at = 0;
  while (got[at] === expected[at]) at++;
  return `different from byte ${String(at)} on ${text(key)}:\n  expected ${text(expected)}\n  got      ${text(got)}`;
}

function latin1(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

function text(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}
