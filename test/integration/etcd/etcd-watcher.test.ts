import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EtcdWatcher } from '../../../src/modules/etcd/etcd-watcher.js';
import { EtcdFault } from '../../../src/modules/etcd/kv.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import type { EtcdAdmin } from '../../support/etcd-admin.js';
import { EtcdLab } from '../../support/etcd-lab.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { WatchRecorder } from '../../support/watch-recorder.js';

describe(EtcdWatcher.name, () => {
  let etcd: TestEtcd;
  let admin: EtcdAdmin;
  let proxy: TcpProxy;
  let lab: EtcdLab;
  let seen: WatchRecorder;

  beforeEach(async () => {
    etcd = await startEtcd();
    admin = etcd.client();
    proxy = await TcpProxy.start(etcd.clientPort);
    lab = await EtcdLab.start({ address: `http://127.0.0.1:${proxy.port}`, silenceMs: 400 });
    seen = new WatchRecorder();
  });
  afterEach(async () => {
    await lab.stop();
    await proxy.stop();
    await etcd.stop();
  });

  const watch = (from: number, prefix = 'w/'): void =>
    lab.spawn((signal) => lab.watcher.watch({ prefix }, from, seen, signal));
  const expectEvents = (events: readonly string[]): Promise<unknown> =>
    eventually(() => seen.events.length >= events.length, { what: `${events.length} events` }).then(() =>
      expect(seen.events).toEqual(events),
    );

  it('delivers history from the start revision on, then what happens', async () => {
    await admin.put('w/a', '1');
    const from = await admin.put('w/a', '2');
    await admin.delete('w/a');
    watch(from);
    await expectEvents(['put w/a=2', 'delete w/a']);
    await admin.put('w/b', '3');
    await admin.put('wx', 'not ours');
    await admin.put('w/b', '4');
    await expectEvents(['put w/a=2', 'delete w/a', 'create w/b=3', 'put w/b=4']);
    expect(seen.revisions).toEqual(seen.revisions.toSorted((a, b) => a - b));
    expect(seen.life).toEqual(['connected']);
  });

  it('watches one key alone', async () => {
    lab.spawn((signal) => lab.watcher.watch({ key: 'w/a' }, 1, seen, signal));
    await admin.put('w/a', '1');
    await admin.put('w/ab', '2');
    await admin.put('w/a', '3');
    await expectEvents(['create w/a=1', 'put w/a=3']);
  });

  it('loses nothing and repeats nothing over a cut connection, events before the first one included', async () => {
    const from = await admin.put('elsewhere', '');
    watch(from);
    await eventually(() => seen.times('connected') === 1);
    proxy.cut();
    await admin.put('w/a', '1');
    await admin.put('w/b', '1');
    proxy.resume();
    await expectEvents(['create w/a=1', 'create w/b=1']);
    proxy.cut();
    await admin.put('w/a', '2');
    proxy.resume();
    await admin.put('w/a', '3');
    await expectEvents(['create w/a=1', 'create w/b=1', 'put w/a=2', 'put w/a=3']);
    expect(seen.life).toEqual(['connected', 'disconnected', 'connected', 'disconnected', 'connected']);
    expect(seen.causes[0]).toBeInstanceOf(EtcdFault);
  });

  it('goes on after etcd was killed and started again', async () => {
    watch(1);
    await admin.put('w/a', '1');
    await expectEvents(['create w/a=1']);
    await etcd.restart();
    await etcd.client().put('w/a', '2');
    await expectEvents(['create w/a=1', 'put w/a=2']);
  });

  it('notices a connection on which nothing comes any more, and takes another', async () => {
    watch(1);
    await eventually(() => seen.times('connected') === 1);
    proxy.pause();
    await admin.put('w/a', '1');
    await eventually(() => seen.times('disconnected') === 1);
    expect(seen.causes[0]?.message).toMatch(/silent/);
    proxy.cut({ refuse: false });
    proxy.resume();
    await expectEvents(['create w/a=1']);
  });

  it('stays on a quiet stream that answers when it is asked', async () => {
    watch(1);
    await eventually(() => seen.times('connected') === 1);
    const before = proxy.answers;
    await eventually(() => proxy.answers >= before + 3, { what: 'three signs of life' });
    expect(seen.life).toEqual(['connected']);
    await admin.put('w/a', '1');
    await expectEvents(['create w/a=1']);
  });

  it('has the range read again when history is gone, and goes on behind it', async () => {
    await admin.put('w/a', '1');
    await admin.put('w/a', '2');
    const readAt = await admin.put('w/a', '3');
    seen.reread = () => Promise.resolve(readAt);
    await admin.compact(readAt);
    watch(1);
    await eventually(() => seen.times('compacted') === 1);
    await admin.put('w/a', '4');
    await expectEvents(['put w/a=4']);
  });

  it('asks again when the range could not be read', async () => {
    const readAt = await admin.put('w/a', '1');
    await admin.compact(readAt);
    let attempts = 0;
    seen.reread = () => {
      if (++attempts === 1) return Promise.reject(new EtcdFault('down', 'unavailable'));
      return Promise.resolve(readAt);
    };
    watch(1);
    await admin.put('w/a', '2');
    await expectEvents(['put w/a=2']);
    expect(attempts).toBe(2);
  });

  it('has the range read again from an etcd that started anew with an empty history', async () => {
    for (let n = 0; n < 20; n++) await admin.put('w/a', String(n));
    watch((await admin.revision()) + 1);
    await eventually(() => seen.times('connected') === 1);
    const other = await startEtcd();
    try {
      const readAt = await other.client().put('w/new', '1');
      seen.reread = () => Promise.resolve(readAt);
      proxy.retarget(other.clientPort);
      proxy.cut({ refuse: false });
      await eventually(() => seen.times('compacted') > 0);
      await other.client().put('w/new', '2');
      await expectEvents(['put w/new=2']);
    } finally {
      await other.stop();
    }
  });

  it('rejects with what a handler throws, as that is a bug', async () => {
    seen.onEvents = () => {
      throw new TypeError('a bug');
    };
    const running = lab.watcher.watch({ prefix: 'w/' }, 1, seen, lab.abort.signal);
    await admin.put('w/a', '1');
    await expect(running).rejects.toThrow('a bug');
  });

  it('resolves on abort, also while etcd is away', async () => {
    const abort = new AbortController();
    const first = lab.watcher.watch({ prefix: 'w/' }, 1, seen, abort.signal);
    await eventually(() => seen.times('connected') === 1);
    proxy.cut();
    await eventually(() => seen.times('disconnected') === 1);
    abort.abort();
    await expect(first).resolves.toBeUndefined();
    await expect(lab.watcher.watch({ prefix: 'w/' }, 1, seen, abort.signal)).resolves.toBeUndefined();
  });

  it('delivers a large transaction as one batch', async () => {
    const batches: number[] = [];
    seen.onEvents = (events) => void batches.push(events.length);
    watch(1);
    await lab.kv.txn(
      Array.from({ length: 100 }, (_, n) => ({ type: 'put', key: `w/${n}`, value: 'v'.repeat(10_000) })),
    );
    await eventually(() => batches.length > 0);
    expect(batches).toEqual([100]);
  });
});
