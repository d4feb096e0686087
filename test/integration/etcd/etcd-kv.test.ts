import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bytesOf, textOf } from '../../../src/common/bytes.js';
import { EtcdKv } from '../../../src/modules/etcd/etcd-kv.js';
import { EtcdFault, type KvEntry, type KvOp, type KvPage } from '../../../src/modules/etcd/kv.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import type { EtcdAdmin } from '../../support/etcd-admin.js';
import { EtcdLab } from '../../support/etcd-lab.js';

describe(EtcdKv.name, () => {
  let etcd: TestEtcd;
  let lab: EtcdLab;
  let kv: EtcdKv;
  let admin: EtcdAdmin;

  beforeAll(async () => {
    etcd = await startEtcd();
    admin = etcd.client();
    lab = await EtcdLab.start({ address: etcd.endpoint });
    kv = lab.kv;
  });
  beforeEach(() => admin.deletePrefix('t/'));
  afterAll(async () => {
    await lab.stop();
    await etcd.stop();
  });

  const put = (key: string, value: string, lease?: string): KvOp => ({
    type: 'put',
    key,
    value,
    ...(lease === undefined ? {} : { lease }),
  });
  const pagesOf = async (prefix: string, pageSize?: number): Promise<KvPage[]> => {
    const pages: KvPage[] = [];
    for await (const page of kv.range(prefix, pageSize === undefined ? {} : { pageSize })) pages.push(page);
    return pages;
  };
  const keysOf = (pages: readonly KvPage[]): string[] =>
    pages.flatMap((page) => page.entries.map((entry) => entry.key));

  it('writes puts and deletes in one transaction, with leases', async () => {
    const lease = await admin.grant(60);
    await kv.txn([put('t/a', '1'), put('t/gone', 'x')]);
    const { revision } = await kv.txn([
      put('t/a', '2', lease),
      put('t/b', ''),
      { type: 'delete', key: 't/gone' },
      { type: 'delete', key: 't/never' },
    ]);
    expect(await admin.list('t/')).toEqual([
      ['t/a', '2'],
      ['t/b', ''],
    ]);
    expect(await kv.get('t/a')).toEqual<KvEntry>({ key: 't/a', value: '2', lease, modRevision: revision });
    expect(await kv.get('t/b')).toMatchObject({ value: '', lease: '0' });
    expect(await kv.get('t/gone')).toBeUndefined();
    expect(await admin.revision()).toBe(revision);
  });

  it('keeps every byte, and texts beyond ASCII', async () => {
    const all = Array.from({ length: 256 }, (_, unit) => String.fromCharCode(unit)).join('');
    const text = bytesOf('schlüssel/日本/🐝');
    await kv.txn([put('t/bytes', all), put(`t/${text}`, text)]);
    expect((await kv.get('t/bytes'))?.value).toBe(all);
    expect(await admin.get('t/schlüssel/日本/🐝')).toBe('schlüssel/日本/🐝');
    expect(textOf((await kv.get(`t/${text}`))?.value ?? '')).toBe('schlüssel/日本/🐝');
  });

  it('reads a prefix in pages of one revision, while others write', async () => {
    await kv.txn(Array.from({ length: 25 }, (_, n) => put(`t/k${String(n).padStart(2, '0')}`, 'old')));
    await admin.put('tu', 'behind the prefix');
    const revision = await admin.revision();
    const pages: KvPage[] = [];
    for await (const page of kv.range('t/', { pageSize: 10 })) {
      pages.push(page);
      await admin.put('t/k24', 'new');
      await admin.put('t/k99', 'created meanwhile');
      await admin.delete('t/k15');
    }
    expect(pages.map((page) => page.entries.length)).toEqual([10, 10, 5]);
    expect(keysOf(pages)).toEqual(Array.from({ length: 25 }, (_, n) => `t/k${String(n).padStart(2, '0')}`));
    expect(pages.every((page) => page.revision === revision)).toBe(true);
    expect(pages.flatMap((page) => page.entries).every((entry) => entry.value === 'old')).toBe(true);
  });

  it('answers an empty prefix with one empty page, that tells the revision', async () => {
    expect(await pagesOf('t/none/')).toEqual([{ entries: [], revision: await admin.revision() }]);
  });

  it('ends a prefix of 0xff bytes where it ends', async () => {
    await kv.txn([put('t/\xfe', ''), put('t/\xff', ''), put('t/\xff\xff', ''), put('t0', '')]);
    expect(keysOf(await pagesOf('t/\xff'))).toEqual(['t/\xff', 't/\xff\xff']);
    expect(keysOf(await pagesOf('', 3))).toEqual(expect.arrayContaining(['t/\xfe', 't0']));
  });

  it('takes limit 0 as everything in one page', async () => {
    await kv.txn(Array.from({ length: 120 }, (_, n) => put(`t/${n}`, 'v'.repeat(1000))));
    expect((await pagesOf('t/', 0)).map((page) => page.entries.length)).toEqual([120]);
  });

  it.each([
    { what: 'small entries by the ten thousand', count: 12_500, bytes: 20, pages: [1000, 10_000, 1500] },
    { what: 'large ones by 4 MiB', count: 1500, bytes: 10_475, pages: [1000, 400, 100] },
  ])('reads $what, once it has seen how large they are', async ({ count, bytes, pages }) => {
    const value = 'v'.repeat(bytes);
    for (let n = 0; n < count; n += 100)
      await kv.txn(Array.from({ length: 100 }, (_, i) => put(`t/${String(n + i).padStart(5, '0')}`, value)));
    expect((await pagesOf('t/')).map((page) => page.entries.length)).toEqual(pages);
  });

  it('reads answers of more than 4 MiB', async () => {
    for (let n = 0; n < 6; n++) await kv.txn([put(`t/${n}`, 'v'.repeat(1_000_000))]);
    expect((await pagesOf('t/'))[0]?.entries).toHaveLength(6);
  });

  it('cancels a call with the caller’s signal', async () => {
    const abort = new AbortController();
    const call = kv.get('t/a', { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ kind: 'aborted' });
    await expect(kv.txn([put('t/a', '')], { signal: abort.signal })).rejects.toBeInstanceOf(EtcdFault);
    expect(await admin.get('t/a')).toBeUndefined();
  });
});
