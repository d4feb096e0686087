/**
 * Where a text stops being JSON. V8's own message names the place only sometimes (`Unexpected token '}', "{"a":}" is not
 * valid JSON`), and which times differs between Node's releases.
 */
export interface JsonFault {
  /**
   * Index of the first character that cannot be (of a misspelt number or literal: its start); the text's length when it ends
   * too early.
   */
  readonly position: number;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

const space = /[ \t\n\r]*/y;
// eslint-disable-next-line no-control-regex -- JSON forbids control characters in strings
const stringHead = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Undefined when the text is JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  const scanner = new Scanner(text);
  if (scanner.document()) return undefined;
  const before = text.slice(0, scanner.at).split('\n');
  return { position: scanner.at, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Each method reads what it is named after and leaves `at` behind it, or returns false with `at` at the fault. */
class Scanner {
  at = 0;
  /** Nesting of brackets left, so that a hostile body cannot overflow the stack. */
  private depth = 100;

  constructor(private readonly text: string) {}

  document(): boolean {
    return this.value() && this.at === this.text.length;
  }

  private value(): boolean {
    this.match(space);
    const found = this.is('{')
      ? this.list('}', () => this.member())
      : this.is('[')
        ? this.list(']', () => this.value())
        : this.string() || this.match(scalar);
    if (found) this.match(space);
    return found;
  }

  private list(end: string, item: () => boolean): boolean {
    if (--this.depth === 0) return false;
    this.at++;
    this.match(space);
    if (!this.is(end)) {
      do {
        if (!item()) return false;
      } while (this.take(','));
    }
    this.depth++;
    return this.take(end);
  }

  private member(): boolean {
    this.match(space);
    if (!this.string()) return false;
    this.match(space);
    return this.take(':') && this.value();
  }

  private string(): boolean {
    return this.match(stringHead) && this.take('"');
  }

  private is(character: string): boolean {
    return this.text[this.at] === character;
  }

  private take(character: string): boolean {
    if (!this.is(character)) return false;
    this.at++;
    return true;
  }

  private match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    this.at += found?.[0].length ?? 0;
    return found !== null;
  }
}
