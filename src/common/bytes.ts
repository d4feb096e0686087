/**
 * Keys and values as etcd holds them, compactly: a *binary string*, one UTF-16 unit (0..255) a byte.
 * V8 stores such a string in one byte a unit with a 12-byte header, compares it by memcmp and hashes it once, where a
 * Buffer costs about 100 bytes of bookkeeping each. For ASCII a Bytes equals the text.
 */
export type Bytes = string;

/** UTF-8 bytes of a text. Lone surrogates become U+FFFD, as Go's JSON decoder does. The result is flat (no rope). */
export function bytesOf(text: string): Bytes {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Text of UTF-8 bytes; invalid sequences become U+FFFD. For logs and JSON answers, never for comparing. */
export function textOf(bytes: Bytes): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const scratch = Buffer.allocUnsafe(8192);

/** Two parts in a text of its own: what `+` makes would keep both alive as long as it lives. */
export function joined(a: Bytes, b: Bytes): Bytes {
  const length = a.length + b.length;
  if (length > scratch.length) return Buffer.from(a + b, 'latin1').toString('latin1');
  scratch.write(a, 0, 'latin1');
  scratch.write(b, a.length, 'latin1');
  return scratch.toString('latin1', 0, length);
}
