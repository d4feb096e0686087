const newline = 0x0a;
const defaultMaxBytes = 16 * 1024 * 1024;

/** Cuts bytes into lines, bounded in length. A line within one chunk is not copied; empty lines are left out. */
export class LineDecoder {
  private pieces: Buffer[] = [];
  private pieceBytes = 0;

  constructor(private readonly maxBytes = defaultMaxBytes) {}

  /** Whether the last chunk ended within a line. */
  get partial(): boolean {
    return this.pieceBytes > 0;
  }

  /** The lines that this chunk completes, without their ends. @throws RangeError for a line that is too long. */
  *write(chunk: Buffer): Generator<Buffer> {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      const line = this.complete(chunk.subarray(from, end));
      from = end + 1;
      if (line.length > 0) yield line;
    }
    if (from < chunk.length) this.keep(from === 0 ? chunk : chunk.subarray(from));
  }

  private complete(rest: Buffer): Buffer {
    if (this.pieces.length === 0) return this.bounded(rest, rest.length);
    this.keep(rest);
    const line = Buffer.concat(this.pieces, this.pieceBytes);
    this.pieces = [];
    this.pieceBytes = 0;
    return line;
  }

  private keep(piece: Buffer): void {
    this.pieces.push(piece);
    this.pieceBytes += piece.length;
    this.bounded(piece, this.pieceBytes);
  }

  private bounded(piece: Buffer, length: number): Buffer {
    if (length > this.maxBytes) throw new RangeError(`a line is longer than ${String(this.maxBytes)} bytes`);
    return piece;
  }
}
