const quote = 0x22;
const backslash = 0x5c;
/** From where on the native search for a string's end beats looking at each byte, measured. */
const shortString = 24;

/**
 * Finds where a JSON value ends, in bytes that come in pieces. It looks at quotes and brackets only: what lies between is
 * for JSON.parse to judge.
 */
export class JsonValueScanner {
  private depth = 0;
  private inString = false;
  private escaped = false;
  private scalar = false;

  /** Begins at the first byte of a value. */
  begin(first: number): void {
    this.depth = 0;
    this.inString = false;
    this.escaped = false;
    this.scalar = first !== quote && first !== 0x7b && first !== 0x5b;
  }

  /** The index after the value's last byte, or -1 when it goes on in the next piece. A number ends at what follows it. */
  scan(bytes: Uint8Array, from: number): number {
    if (this.scalar) return scanScalar(bytes, from);
    let at = from;
    if (this.inString) {
      at = this.skipString(bytes, at);
      if (at < 0) return -1;
      if (this.depth === 0) return at;
    }
    return this.scanNested(bytes, at);
  }

  private scanNested(bytes: Uint8Array, from: number): number {
    let depth = this.depth;
    let at = from;
    while (at < bytes.length) {
      const byte = bytes[at++] as number;
      if (byte === quote) {
        at = this.skipString(bytes, at);
        if (at < 0) break;
        if (depth === 0) return at;
      } else if ((byte | 0x20) === 0x7b) {
        depth++;
      } else if ((byte | 0x20) === 0x7d && --depth <= 0) {
        return at;
      }
    }
    this.depth = depth;
    return -1;
  }

  /** From after the opening quote, or from anywhere in the string when it came in pieces. */
  private skipString(bytes: Uint8Array, from: number): number {
    let at = this.escaped ? from + 1 : from;
    this.escaped = false;
    const near = Math.min(bytes.length, at + shortString);
    while (at < near) {
      const byte = bytes[at] as number;
      if (byte === quote) return this.leave(at + 1);
      at += byte === backslash ? 2 : 1;
    }
    return this.skipLongString(bytes, at);
  }

  private skipLongString(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      const end = bytes.indexOf(quote, at);
      const escapes = trailingBackslashes(bytes, at, end < 0 ? bytes.length : end);
      if (end < 0) {
        at = bytes.length + (escapes & 1);
        break;
      }
      if ((escapes & 1) === 0) return this.leave(end + 1);
      at = end + 1;
    }
    this.inString = true;
    this.escaped = at > bytes.length;
    return -1;
  }

  private leave(at: number): number {
    this.inString = false;
    return at;
  }
}

/** How many backslashes stand right before `end`, none before `start`: with an odd number the last one escapes. */
function trailingBackslashes(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === backslash) at--;
  return end - at;
}

/** To the first comma, bracket or space. */
function scanScalar(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte <= 0x20 || byte === 0x2c || byte === 0x5d || byte === 0x7d) return at;
  }
  return -1;
}
