import type { Bytes } from '../../../common/bytes.js';
import type { LeaseId } from '../kv.js';

/**
 * Reads protobuf's wire format where etcd3's generic decoder would cost too much: it makes an object of every nested message
 * and a text of every number, and answers of 1,000 keys are read by the hundred.
 * Every method throws RangeError when the buffer ends too early.
 */
export class WireReader {
  private readonly leases = new Map<string, LeaseId>();

  constructor(
    private readonly buffer: Buffer,
    private position = 0,
  ) {}

  get done(): boolean {
    return this.position >= this.buffer.length;
  }

  before(end: number): boolean {
    return this.position < end;
  }

  /** An unsigned number; exact up to 2^53, which revisions and tags never pass. A negative int64 comes out above 2^63. */
  uint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.buffer[this.position++];
      if (byte === undefined) throw new RangeError('protobuf message ends within a number');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  bytes(): Bytes {
    const end = this.end();
    const text = this.buffer.toString('latin1', this.position, end);
    this.position = end;
    return text;
  }

  /** A lease, which needs all 64 bits. Many keys of an answer share one, so its text is made once. */
  lease(): LeaseId {
    const start = this.position;
    this.uint();
    const raw = this.buffer.toString('latin1', start, this.position);
    let text = this.leases.get(raw);
    if (text === undefined) {
      text = decimal(this.buffer.subarray(start, this.position));
      this.leases.set(raw, text);
    }
    return text;
  }

  /** Where the nested message that begins here ends. */
  end(): number {
    const length = this.uint();
    const end = this.position + length;
    if (end > this.buffer.length) throw new RangeError('protobuf message ends within a field');
    return end;
  }

  /** Past a field that nobody asked for. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        this.uint();
        return;
      case 1:
        this.position += 8;
        return;
      case 2:
        this.position = this.end();
        return;
      case 5:
        this.position += 4;
        return;
      default:
        throw new RangeError(`protobuf wire type ${tag & 7} is not known`);
    }
  }
}

function decimal(varint: Uint8Array): LeaseId {
  let value = 0n;
  for (const byte of varint.toReversed()) value = (value << 7n) | BigInt(byte & 0x7f);
  return BigInt.asIntN(64, value).toString();
}

/** A tag of protobuf: field number and wire type (0 varint, 2 with a length). */
export const varintField = (field: number): number => field << 3;
export const lengthField = (field: number): number => (field << 3) | 2;
