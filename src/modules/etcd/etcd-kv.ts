import { type Bytes, textOf } from '../../common/bytes.js';
import type { EtcdClient } from './etcd-client.js';
import type { Rpc } from './etcd-stubs.js';
import { EtcdFault, type Kv, type KvCallOptions, type KvEntry, type KvOp, type KvPage } from './kv.js';
import { decodeRange, type RangeAnswer } from './wire/key-value-codec.js';
import { decodeTxn, encodeTxn, type TxnOps } from './wire/txn-codec.js';

/** The client of the moment. @throws EtcdFault while there is none. */
export type ClientSource = () => EtcdClient;

const txn: Rpc<TxnOps, { revision: number }> = {
  path: '/etcdserverpb.KV/Txn',
  encode: encodeTxn,
  decode: decodeTxn,
};

/**
 * etcd walks all that is left of the range for each page, so large pages are cheap (200,000 keys: 3.8 s by 1,000, 1.1 s by 10,000);
 * what a page holds is in memory at once, so they are bounded in bytes too. The first one shows how large the entries are.
 */
const mostKeys = 10_000;
const firstKeys = 1000;
const pageBytes = 4 * 1024 * 1024;

/** Kv on etcd's own calls. */
export class EtcdKv implements Kv {
  constructor(private readonly client: ClientSource) {}

  async get(key: Bytes, options?: KvCallOptions): Promise<KvEntry | undefined> {
    const { entries } = await this.read({ key: buffer(key) }, options);
    return entries[0];
  }

  /**
   * `pageSize`: at most so many keys in an answer, and about 4 MiB; 0: everything in one. The first page is linearizable: what was
   * acknowledged before is in it. The others are read at its revision from the member's own store, which costs the cluster nothing.
   * @throws EtcdFault `compacted` when reading took longer than etcd keeps the revision, `other` when what answers does not
   * get on: its list would have no end, or end too soon and pass for complete.
   */
  async *range(
    prefix: Bytes,
    { pageSize = mostKeys, ...options }: KvCallOptions & { pageSize?: number } = {},
  ): AsyncGenerator<KvPage> {
    const { key, rangeEnd } = prefixRange(prefix);
    let page = await this.read({ key, range_end: rangeEnd, limit: Math.min(pageSize, firstKeys) }, options);
    const { revision } = page;
    yield { entries: page.entries, revision };
    while (page.more) {
      const last = page.entries.at(-1)?.key;
      if (last === undefined) throw disorder(prefix, 'a page without keys is said not to be the last');
      const limit = Math.min(pageSize, keysFor(page.entries));
      const next = { key: buffer(`${last}\0`), range_end: rangeEnd, limit };
      page = await this.read({ ...next, revision, serializable: true }, options);
      if (page.entries.some(({ key }) => key <= last))
        throw disorder(prefix, 'a page has keys that are not behind those of the page before');
      yield { entries: page.entries, revision };
    }
  }

  async txn(ops: readonly KvOp[], options?: KvCallOptions): Promise<{ revision: number }> {
    return this.client().request(txn, ops, options);
  }

  /** etcd answers in key order when no other is asked for. */
  private async read(request: object, options?: KvCallOptions): Promise<RangeAnswer> {
    const client = this.client();
    const { path, encode } = await client.rpc('KV', 'Range');
    return client.request({ path, encode, decode: decodeRange }, request, options);
  }
}

/** The half-open range of the keys with a prefix; of all keys for an empty one. */
export function prefixRange(prefix: Bytes): { key: Buffer; rangeEnd: Buffer } {
  const end = buffer(prefix.replace(/\xff+$/, ''));
  const last = end.length - 1;
  if (last < 0) return { key: buffer(prefix || '\0'), rangeEnd: buffer('\0') };
  end[last] = (end[last] ?? 0) + 1;
  return { key: buffer(prefix), rangeEnd: end };
}

/** How many entries of the same average size make a page. */
function keysFor(entries: readonly KvEntry[]): number {
  const bytes = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  return Math.max(1, Math.floor((pageBytes * entries.length) / bytes));
}

function disorder(prefix: Bytes, what: string): EtcdFault {
  return new EtcdFault(`the list of ${textOf(prefix)} makes no sense: ${what}`, 'other');
}

function buffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes, 'latin1');
}
