/** Writes one protobuf message. Lengths of inner messages are patched in afterwards, as varints of four bytes. */
export class WireWriter {
  private buffer: Buffer;
  private end = 0;

  constructor(expectedBytes = 256) {
    this.buffer = Buffer.allocUnsafe(expectedBytes);
  }

  /** From 0 up to 2^53 - 1; 0 is left out. */
  uint(field: number, value: number): this {
    if (value === 0) return this;
    this.reserve(16);
    this.varint(field << 3);
    this.varint(value);
    return this;
  }

  /** An int64 of -1. */
  minusOne(field: number): this {
    this.reserve(16);
    this.varint(field << 3);
    this.buffer.fill(0xff, this.end, this.end + 9);
    this.buffer[this.end + 9] = 1;
    this.end += 10;
    return this;
  }

  /** ASCII; an empty one is left out. */
  text(field: number, value: string): this {
    if (value === '') return this;
    this.reserve(16 + value.length);
    this.varint((field << 3) | 2);
    this.varint(value.length);
    this.end += this.buffer.write(value, this.end, 'latin1');
    return this;
  }

  /** `write` writes the fields of the inner message to this writer. */
  message(field: number, write: (writer: this) => void): this {
    this.reserve(16);
    this.varint((field << 3) | 2);
    const at = this.end;
    this.end += 4;
    write(this);
    const length = this.end - at - 4;
    for (let i = 0; i < 4; i++) this.buffer[at + i] = ((length >>> (7 * i)) & 0x7f) | (i < 3 ? 0x80 : 0);
    return this;
  }

  /** The message; the writer is done. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.end);
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.end++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.end++] = rest;
  }

  private reserve(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.end + bytes));
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
  }
}
