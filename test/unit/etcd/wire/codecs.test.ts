import { Channel, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdStubs } from '../../../../src/modules/etcd/etcd-stubs.js';
import type { KvOp } from '../../../../src/modules/etcd/kv.js';
import { decodeRange } from '../../../../src/modules/etcd/wire/key-value-codec.js';
import { decodeTxn, encodeTxn } from '../../../../src/modules/etcd/wire/txn-codec.js';
import { decodeWatch } from '../../../../src/modules/etcd/wire/watch-codec.js';
import { WireReader } from '../../../../src/modules/etcd/wire/wire-reader.js';

interface Codec {
  requestDeserialize(buffer: Buffer): Record<string, unknown>;
  responseSerialize(message: object): Buffer;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const allBytes = Array.from({ length: 256 }, (_, unit) => String.fromCharCode(unit)).join('');
const maxLease = '9223372036854775807';

/** Against etcd3's own codecs, made from rpc.proto. */
describe('the codecs of the hot path', () => {
  const channel = new Channel('127.0.0.1:1', credentials.createInsecure(), {});
  let services: Record<'KV' | 'Watch', Record<string, Codec>>;

  beforeAll(async () => {
    const stubs = new EtcdStubs('http://127.0.0.1:1', channel);
    const of = async (name: 'KV' | 'Watch'): Promise<Record<string, Codec>> =>
      ((await stubs.service(name)).constructor as unknown as { service: Record<string, Codec> }).service;
    services = { KV: await of('KV'), Watch: await of('Watch') };
  });
  afterAll(() => channel.close());

  const header = {
    cluster_id: '18446744073709551615',
    member_id: '7',
    revision: '9007199254740991',
    raft_term: '3',
  };

  it.each<[string, KvOp[]]>([
    ['nothing', []],
    ['one put without lease', [{ type: 'put', key: 'k', value: 'v' }]],
    ['lease 0 as none', [{ type: 'put', key: 'k', value: 'v', lease: '0' }]],
    ['the largest lease', [{ type: 'put', key: 'k', value: 'v', lease: maxLease }]],
    [
      'a small lease and a large one',
      [
        { type: 'put', key: 'a', value: '', lease: '1' },
        { type: 'put', key: 'b', value: allBytes, lease: '7587862094862330000' },
      ],
    ],
    ['a deletion', [{ type: 'delete', key: allBytes }]],
    [
      'lengths around the steps of a varint',
      [126, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152].map((n) => ({
        type: 'put',
        key: `k${n}`,
        value: 'x'.repeat(n),
        lease: '128',
      })),
    ],
  ])('encodes %s', (_what, ops) => {
    const decoded = services.KV['Txn']!.requestDeserialize(encodeTxn(ops)) as {
      success: Record<string, Record<string, unknown>>[];
    };
    const seen = decoded.success.map((op) => {
      const put = op['request_put'];
      if (!put)
        return { type: 'delete', key: (op['request_delete_range']!['key'] as Buffer).toString('latin1') };
      return {
        type: 'put',
        key: (put['key'] as Buffer).toString('latin1'),
        value: (put['value'] as Buffer).toString('latin1'),
        lease: put['lease'],
      };
    });
    expect(seen).toEqual(ops.map((op) => (op.type === 'put' ? { lease: '0', ...op } : op)));
    expect(decoded).toMatchObject({ compare: [], failure: [] });
  });

  it('reads the revision of a transaction', () => {
    const responses = [{ response_put: { header } }, { response_delete_range: { header, deleted: 3 } }];
    const buffer = services.KV['Txn']!.responseSerialize({ header, succeeded: true, responses });
    expect(decodeTxn(buffer)).toEqual({ revision: 9007199254740991 });
  });

  it('reads a page', () => {
    const kvs = [
      {
        key: latin1(allBytes),
        create_revision: '5',
        mod_revision: '6',
        version: '2',
        value: latin1(allBytes),
        lease: maxLease,
      },
      {
        key: latin1('empty'),
        create_revision: '7',
        mod_revision: '7',
        version: '1',
        value: Buffer.alloc(0),
        lease: '0',
      },
      {
        key: latin1('small'),
        create_revision: '1',
        mod_revision: '300',
        version: '9',
        value: latin1('v'),
        lease: '127',
      },
    ];
    const buffer = services.KV['Range']!.responseSerialize({ header, kvs, more: true, count: '10' });
    expect(decodeRange(buffer)).toEqual({
      revision: 9007199254740991,
      more: true,
      entries: [
        { key: allBytes, value: allBytes, lease: maxLease, modRevision: 6 },
        { key: 'empty', value: '', lease: '0', modRevision: 7 },
        { key: 'small', value: 'v', lease: '127', modRevision: 300 },
      ],
    });
  });

  it('reads an empty page', () => {
    const buffer = services.KV['Range']!.responseSerialize({ header: { ...header, revision: '1' } });
    expect(decodeRange(buffer)).toEqual({ revision: 1, more: false, entries: [] });
  });

  it('reads watch events', () => {
    const put = {
      key: latin1('k'),
      create_revision: '5',
      mod_revision: '5',
      version: '1',
      value: latin1('v'),
      lease: '3',
    };
    const events = [
      { type: 'Put', kv: put },
      { type: 'Put', kv: { ...put, mod_revision: '6', version: '2' }, prev_kv: put },
      { type: 'Delete', kv: { key: latin1('k'), mod_revision: '7' } },
    ];
    const buffer = services.Watch['Watch']!.responseSerialize({ header, watch_id: '0', events });
    expect(decodeWatch(buffer)).toEqual({
      revision: 9007199254740991,
      watchId: 0,
      created: false,
      canceled: false,
      compactRevision: 0,
      cancelReason: '',
      events: [
        { type: 'put', entry: { key: 'k', value: 'v', lease: '3', modRevision: 5 }, created: true },
        { type: 'put', entry: { key: 'k', value: 'v', lease: '3', modRevision: 6 }, created: false },
        { type: 'delete', key: 'k', modRevision: 7 },
      ],
    });
  });

  it('reads the ends of a watch', () => {
    const ended = {
      header,
      watch_id: '-1',
      created: true,
      canceled: true,
      compact_revision: '41',
      cancel_reason: 'größer',
    };
    expect(decodeWatch(services.Watch['Watch']!.responseSerialize(ended))).toMatchObject({
      watchId: -1,
      created: true,
      canceled: true,
      compactRevision: 41,
      cancelReason: 'größer',
    });
  });

  it.each([
    ['a number', Buffer.from([0x08, 0x80])],
    ['a field', Buffer.from([0x12, 0x05, 0x01])],
  ])('refuses a message that ends within %s', (_what, buffer) => {
    expect(() => decodeRange(buffer)).toThrow(RangeError);
  });

  it('skips fields of every type that it does not know', () => {
    const unknown = Buffer.from([
      0x78, 0xac, 0x02, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4, 0x7a, 1, 9,
    ]);
    const reader = new WireReader(unknown);
    while (!reader.done) reader.skip(reader.uint());
    expect(reader.done).toBe(true);
    expect(() => new WireReader(Buffer.from([0x7b])).skip(0x7b)).toThrow(/wire type 3/);
  });
});
