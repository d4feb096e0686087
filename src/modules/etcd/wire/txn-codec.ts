import type { KvOp, LeaseId } from '../kv.js';
import { readHeaderRevision } from './key-value-codec.js';
import { lengthField, varintField, WireReader } from './wire-reader.js';

/** Field numbers of etcdserverpb: TxnRequest.success, RequestOp.request_put and .request_delete_range, and their fields. */
const success = lengthField(2);
const requestPut = lengthField(2);
const requestDelete = lengthField(3);
const key = lengthField(1);
const value = lengthField(2);
const lease = varintField(3);

/** What is to be written: all in one transaction, without conditions. */
export type TxnOps = readonly KvOp[];

/**
 * etcdserverpb.TxnRequest, straight from binary strings into one buffer. This is the hot path of the program: a transaction
 * of 128 keys takes a fraction of what the generic encoder needs, which first copies every key into a Buffer and an object.
 */
export function encodeTxn(ops: TxnOps): Buffer {
  const leases = new LeaseBytes();
  const sizes = ops.map((op) => operationSize(op, leases));
  let total = 0;
  for (const size of sizes) total += fieldSize(fieldSize(size));
  const writer = new WireWriter(total);
  ops.forEach((op, index) => {
    const size = sizes[index] ?? 0;
    writer.header(success, fieldSize(size));
    writer.header(op.type === 'put' ? requestPut : requestDelete, size);
    writer.text(key, op.key);
    if (op.type === 'delete') return;
    writer.text(value, op.value);
    if (hasLease(op.lease)) writer.raw(lease, leases.of(op.lease));
  });
  return writer.buffer;
}

/** etcdserverpb.TxnResponse: only the revision of the write. */
export function decodeTxn(buffer: Buffer): { revision: number } {
  const reader = new WireReader(buffer);
  let revision = 0;
  while (!reader.done) {
    const tag = reader.uint();
    if (tag === lengthField(1)) revision = readHeaderRevision(reader);
    else reader.skip(tag);
  }
  return { revision };
}

function hasLease(id: LeaseId | undefined): id is LeaseId {
  return id !== undefined && id !== '0';
}

function operationSize(op: KvOp, leases: LeaseBytes): number {
  const size = fieldSize(op.key.length);
  if (op.type === 'delete') return size;
  return size + fieldSize(op.value.length) + (hasLease(op.lease) ? 1 + leases.of(op.lease).length : 0);
}

/** Bytes of a field with a length: tag (always one byte here), length, content. */
function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

function varintSize(number: number): number {
  let size = 1;
  for (let rest = number; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Leases as varints, each computed once a transaction: its keys mostly share one. */
class LeaseBytes {
  private readonly known = new Map<LeaseId, Uint8Array>();

  of(id: LeaseId): Uint8Array {
    let bytes = this.known.get(id);
    if (!bytes) {
      bytes = varint(BigInt(id));
      this.known.set(id, bytes);
    }
    return bytes;
  }
}

function varint(id: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, id);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

class WireWriter {
  readonly buffer: Buffer;
  private position = 0;

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size);
  }

  header(tag: number, length: number): void {
    this.buffer[this.position++] = tag;
    let rest = length;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.buffer[this.position++] = (rest & 0x7f) | 0x80;
    this.buffer[this.position++] = rest;
  }

  text(tag: number, bytes: string): void {
    this.header(tag, bytes.length);
    this.position += this.buffer.write(bytes, this.position, 'latin1');
  }

  raw(tag: number, bytes: Uint8Array): void {
    this.buffer[this.position++] = tag;
    this.buffer.set(bytes, this.position);
    this.position += bytes.length;
  }
}
