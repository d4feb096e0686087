import { JsonValueScanner } from './json-value-scanner.js';

/** The `metadata` of a list. */
export interface ListMetadata {
  readonly resourceVersion: string;
  /** Absent on the last page. */
  readonly continue?: string;
}

/** The body is not, or not to its end, a Kubernetes list. */
export class ListBodyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ListBodyError';
  }
}

/** open: before the first brace. member: at a name or the last brace. items: within the array. */
type Place = 'open' | 'member' | 'colon' | 'value' | 'items' | 'closed';

const maxValueBytes = 64 * 1024 * 1024;
const comma = 0x2c;

/**
 * Cuts the body of a list into its items as it arrives: no more than one item and one chunk are held. Items are framed, not
 * checked; the bytes given to `onItem` are valid during the call. An item within one chunk is not copied.
 */
export class JsonListDecoder {
  private place: Place = 'open';
  private member = '';
  private metadata: ListMetadata | undefined;
  private hasItems = false;
  private readonly scanner = new JsonValueScanner();
  /** A value that began in an earlier chunk. */
  private pieces: Buffer[] = [];
  private pieceBytes = 0;

  constructor(private readonly onItem: (item: Buffer) => void) {}

  /** @throws ListBodyError, and whatever `onItem` throws. */
  write(chunk: Buffer): void {
    let at = this.pieces.length > 0 ? this.readValue(chunk, 0) : 0;
    while (at >= 0 && at < chunk.length) at = this.step(chunk, at);
  }

  /** After the last chunk. @throws ListBodyError when the list is not complete. */
  end(): ListMetadata {
    if (this.place !== 'closed') throw new ListBodyError('the list broke off');
    if (!this.metadata || !this.hasItems) throw new ListBodyError('the answer is no list');
    return this.metadata;
  }

  /** Returns where to go on; -1 when the chunk ends within a value. */
  private step(chunk: Buffer, at: number): number {
    const byte = chunk[at] as number;
    return isSpace(byte) ? at + 1 : this.enter(chunk, byte, at);
  }

  private enter(chunk: Buffer, byte: number, at: number): number {
    switch (this.place) {
      case 'open':
        return this.expect(byte, 0x7b, 'member', at);
      case 'colon':
        return this.expect(byte, 0x3a, 'value', at);
      case 'member':
        return this.enterMember(chunk, byte, at);
      case 'items':
        return this.enterItem(chunk, byte, at);
      case 'value':
        return this.enterValue(chunk, byte, at);
      case 'closed':
        throw new ListBodyError('the list goes on after its end');
    }
  }

  private expect(byte: number, wanted: number, next: Place, at: number): number {
    if (byte !== wanted) throw new ListBodyError('the answer is no list');
    this.place = next;
    return at + 1;
  }

  private enterMember(chunk: Buffer, byte: number, at: number): number {
    if (byte === comma) return at + 1;
    if (byte === 0x22) return this.beginValue(chunk, byte, at);
    return this.expect(byte, 0x7d, 'closed', at);
  }

  private enterItem(chunk: Buffer, byte: number, at: number): number {
    if (byte === comma) return at + 1;
    if (byte === 0x5d) {
      this.place = 'member';
      return at + 1;
    }
    return this.beginValue(chunk, byte, at);
  }

  private enterValue(chunk: Buffer, byte: number, at: number): number {
    if (this.member === 'items' && byte === 0x5b) {
      this.place = 'items';
      this.hasItems = true;
      return at + 1;
    }
    return this.beginValue(chunk, byte, at);
  }

  private beginValue(chunk: Buffer, byte: number, at: number): number {
    this.scanner.begin(byte);
    return this.readValue(chunk, at);
  }

  private readValue(chunk: Buffer, from: number): number {
    const end = this.scanner.scan(chunk, from);
    const piece = from === 0 && end < 0 ? chunk : chunk.subarray(from, end < 0 ? chunk.length : end);
    if (end >= 0 && this.pieces.length === 0) {
      this.onValue(piece);
      return end;
    }
    this.pieces.push(piece);
    this.pieceBytes += piece.length;
    if (this.pieceBytes > maxValueBytes) throw new ListBodyError('an item is larger than 64 MiB');
    if (end >= 0) this.onPieces();
    return end;
  }

  private onPieces(): void {
    const whole = Buffer.concat(this.pieces, this.pieceBytes);
    this.pieces = [];
    this.pieceBytes = 0;
    this.onValue(whole);
  }

  private onValue(bytes: Buffer): void {
    if (this.place === 'items') {
      this.onItem(bytes);
      return;
    }
    if (this.place === 'member') {
      this.member = parsed(bytes) as string;
      this.place = 'colon';
      return;
    }
    this.place = 'member';
    if (this.member === 'metadata') this.metadata = metadataOf(parsed(bytes));
    if (this.member === 'items') this.hasItems = parsed(bytes) === null;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ListBodyError('the list is no JSON', { cause: error });
  }
}

function metadataOf(value: unknown): ListMetadata {
  const { resourceVersion = '', continue: next } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof resourceVersion !== 'string') throw new ListBodyError('the list has no resource version');
  return typeof next === 'string' && next !== '' ? { resourceVersion, continue: next } : { resourceVersion };
}
