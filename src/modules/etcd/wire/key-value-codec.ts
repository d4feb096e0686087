import type { KvEntry, KvPage } from '../kv.js';
import { lengthField, varintField, WireReader } from './wire-reader.js';

/** mvccpb.KeyValue, with what tells a creation from an update. */
export interface StoredEntry extends KvEntry {
  readonly createRevision: number;
}

export interface RangeAnswer extends KvPage {
  /** There are keys behind the last one of this page. */
  readonly more: boolean;
}

const header = lengthField(1);

/** etcdserverpb.RangeResponse. */
export function decodeRange(buffer: Buffer): RangeAnswer {
  const reader = new WireReader(buffer);
  const entries: KvEntry[] = [];
  let revision = 0;
  let more = false;
  while (!reader.done) {
    const tag = reader.uint();
    if (tag === lengthField(2)) entries.push(entryOf(readEntry(reader)));
    else if (tag === header) revision = readHeaderRevision(reader);
    else if (tag === varintField(3)) more = reader.uint() !== 0;
    else reader.skip(tag);
  }
  return { entries, revision, more };
}

/** etcdserverpb.ResponseHeader: only the store's revision. */
export function readHeaderRevision(reader: WireReader): number {
  const end = reader.end();
  let revision = 0;
  while (reader.before(end)) {
    const tag = reader.uint();
    if (tag === varintField(3)) revision = reader.uint();
    else reader.skip(tag);
  }
  return revision;
}

/** mvccpb.KeyValue. */
export function readEntry(reader: WireReader): StoredEntry {
  const end = reader.end();
  let key = '';
  let value = '';
  let lease = '0';
  let modRevision = 0;
  let createRevision = 0;
  while (reader.before(end)) {
    const tag = reader.uint();
    switch (tag) {
      case lengthField(1):
        key = reader.bytes();
        break;
      case varintField(2):
        createRevision = reader.uint();
        break;
      case varintField(3):
        modRevision = reader.uint();
        break;
      case lengthField(5):
        value = reader.bytes();
        break;
      case varintField(6):
        lease = reader.lease();
        break;
      default:
        reader.skip(tag);
    }
  }
  return { key, value, lease, modRevision, createRevision };
}

export function entryOf({ key, value, lease, modRevision }: StoredEntry): KvEntry {
  return { key, value, lease, modRevision };
}
