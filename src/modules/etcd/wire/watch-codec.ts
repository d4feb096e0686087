import { textOf } from '../../../common/bytes.js';
import type { KvEvent } from '../kv.js';
import { entryOf, readEntry, readHeaderRevision } from './key-value-codec.js';
import { lengthField, varintField, WireReader } from './wire-reader.js';

/** etcdserverpb.WatchResponse. */
export interface WatchAnswer {
  /** Of the header: the store's revision when it was sent. */
  revision: number;
  /** -1: belongs to no watch: the answer to a progress request, or (from 3.4.22 and 3.5.6 on) to a request that was refused. */
  watchId: number;
  created: boolean;
  canceled: boolean;
  /** Above 0: everything before it is gone. */
  compactRevision: number;
  cancelReason: string;
  events: KvEvent[];
}

type Field = (answer: WatchAnswer, reader: WireReader) => void;

const fields: ReadonlyMap<number, Field> = new Map<number, Field>([
  [lengthField(1), (answer, reader) => (answer.revision = readHeaderRevision(reader))],
  [varintField(2), (answer, reader) => (answer.watchId = watchId(reader.uint()))],
  [varintField(3), (answer, reader) => (answer.created = reader.uint() !== 0)],
  [varintField(4), (answer, reader) => (answer.canceled = reader.uint() !== 0)],
  [varintField(5), (answer, reader) => (answer.compactRevision = reader.uint())],
  [lengthField(6), (answer, reader) => (answer.cancelReason = textOf(reader.bytes()))],
  [lengthField(11), (answer, reader) => answer.events.push(readEvent(reader))],
]);

export function decodeWatch(buffer: Buffer): WatchAnswer {
  const reader = new WireReader(buffer);
  const answer: WatchAnswer = {
    revision: 0,
    watchId: 0,
    created: false,
    canceled: false,
    compactRevision: 0,
    cancelReason: '',
    events: [],
  };
  while (!reader.done) {
    const tag = reader.uint();
    const read = fields.get(tag);
    if (read) read(answer, reader);
    else reader.skip(tag);
  }
  return answer;
}

function watchId(value: number): number {
  return value > Number.MAX_SAFE_INTEGER ? -1 : value;
}

/** mvccpb.Event. A deleted key carries its name and the revision of the deletion. */
function readEvent(reader: WireReader): KvEvent {
  const end = reader.end();
  let deleted = false;
  let entry: ReturnType<typeof readEntry> | undefined;
  while (reader.before(end)) {
    const tag = reader.uint();
    if (tag === varintField(1)) deleted = reader.uint() === 1;
    else if (tag === lengthField(2)) entry = readEntry(reader);
    else reader.skip(tag);
  }
  if (!entry) throw new RangeError('a watch event without a key');
  return deleted
    ? { type: 'delete', key: entry.key, modRevision: entry.modRevision }
    : { type: 'put', entry: entryOf(entry), created: entry.createRevision === entry.modRevision };
}
