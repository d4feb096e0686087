import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { EtcdFault } from '../../../src/modules/etcd/kv.js';
import type { WatchEnd } from '../../../src/modules/etcd/watch.js';
import { WatchStream } from '../../../src/modules/etcd/watch-stream.js';
import type { EtcdAdmin } from '../../support/etcd-admin.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdLab } from '../../support/etcd-lab.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { WatchRecorder } from '../../support/watch-recorder.js';

describe(WatchStream, () => {
  let etcd: TestEtcd;
  let admin: EtcdAdmin;
  let proxy: TcpProxy;
  let lab: EtcdLab;
  let stream: WatchStream;

  beforeEach(async () => {
    etcd = await startEtcd();
    admin = etcd.client();
    proxy = await TcpProxy.start(etcd.clientPort);
    lab = await EtcdLab.start({ address: `http://127.0.0.1:${proxy.port}` });
    stream = open();
  });
  afterEach(async () => {
    await lab.stop();
    await proxy.stop();
    await etcd.stop();
  });

  const open = (silenceMs = 30_000): WatchStream =>
    new WatchStream({ client: lab.connection.client(), clock: systemClock, silenceMs });

  const begin = (prefix: string, next = 1, on = stream) => {
    const seen = new WatchRecorder();
    const abort = new AbortController();
    const range = { key: Buffer.from(`${prefix}/`), range_end: Buffer.from(`${prefix}0`) };
    const end: Promise<WatchEnd> = on.watch({ range, next, handler: seen }, abort.signal);
    // Looked at by those tests that await it.
    end.catch(() => undefined);
    return { seen, abort, end };
  };
  const connected = (...watches: readonly { seen: WatchRecorder }[]) =>
    eventually(() => watches.every(({ seen }) => seen.times('connected') === 1), { what: 'the watches' });
  const streamsAtEtcd = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${etcd.clientPort}/metrics`)).text();
    return Number(/^etcd_debugging_mvcc_watch_stream_total (\d+)$/m.exec(metrics)?.[1]);
  };

  it('carries several watches, and each handler hears its own events only, in order', async () => {
    const before = await streamsAtEtcd();
    const [a, b, c] = [begin('a'), begin('b'), begin('c')];
    await connected(a, b, c);
    expect(await streamsAtEtcd()).toBe(before + 1);

    for (let i = 1; i <= 3; i++) for (const prefix of ['c', 'a', 'b']) await admin.put(`${prefix}/k`, `${i}`);

    for (const [prefix, { seen }] of Object.entries({ a, b, c })) {
      await eventually(() => seen.events.length === 3, { what: `the events of ${prefix}` });
      const [key, rest] = [`${prefix}/k`, ['2', '3']];
      expect(seen.events).toEqual([`create ${key}=1`, ...rest.map((value) => `put ${key}=${value}`)]);
    }
  });

  it('lets one watch go, and tells etcd, while the others go on', async () => {
    const [a, b] = [begin('a'), begin('b')];
    await connected(a, b);
    const watchers = async (): Promise<number> => {
      const metrics = await (await fetch(`http://127.0.0.1:${etcd.clientPort}/metrics`)).text();
      return Number(/^etcd_debugging_mvcc_watcher_total (\d+)$/m.exec(metrics)?.[1]);
    };
    const before = await watchers();

    a.abort.abort();

    expect((await a.end).fault.kind).toBe('aborted');
    await eventually(async () => (await watchers()) === before - 1, { what: 'etcd to drop the watch' });
    await admin.put('a/k', '1');
    await admin.put('b/k', '1');
    await eventually(() => b.seen.events.length === 1);
    expect(a.seen.events).toEqual([]);
    expect(stream.over).toBe(false);
  });

  it('lets a watch go that is not answered yet, without confusing it with the next one', async () => {
    const a = begin('a');
    const b = begin('b');
    a.abort.abort();
    await a.end;
    await connected(b);

    await admin.put('a/k', '1');
    await admin.put('b/k', '2');

    await eventually(() => b.seen.events.length === 1);
    expect(b.seen.events).toEqual(['create b/k=2']);
    expect([...a.seen.events, ...a.seen.life]).toEqual([]);
  });

  it('ends a watch of compacted history alone', async () => {
    await admin.put('a/k', '1');
    const revision = await admin.put('a/k', '2');
    const b = begin('b', revision + 1);
    await connected(b);
    await (await admin.etcd3()).kv.compact({ revision: String(revision), physical: true });

    const { compactRevision, next } = await begin('a', 1).end;

    expect([compactRevision, next]).toEqual([revision, 1]);
    await admin.put('b/k', '1');
    await eventually(() => b.seen.events.length === 1);
  });

  it('ends with its last watch', async () => {
    const [a, b] = [begin('a'), begin('b')];
    await connected(a, b);
    a.abort.abort();
    b.abort.abort();
    await Promise.all([a.end, b.end]);

    expect(stream.over).toBe(true);
  });

  it('ends all its watches when the connection is cut, each where it was', async () => {
    const [a, b] = [begin('a'), begin('b')];
    await connected(a, b);
    const revision = await admin.put('a/k', '1');
    await eventually(() => a.seen.events.length === 1);

    proxy.cut();

    const [endA, endB] = await Promise.all([a.end, b.end]);
    expect([endA.next, endB.next]).toEqual([revision + 1, 1]);
    for (const { connected: stood, fault } of [endA, endB])
      expect([stood, fault.kind]).toEqual([true, 'unavailable']);
    expect(stream.over).toBe(true);
    await expect(begin('c').end).resolves.toMatchObject({ connected: false, fault: endA.fault });
  });

  it('gives up a stream that keeps silent, with all its watches', async () => {
    const quick = open(400);
    const [a, b] = [begin('a', 1, quick), begin('b', 1, quick)];
    await connected(a, b);

    proxy.pause();

    for (const { end } of [a, b]) expect((await end).fault.kind).toBe('timeout');
  });

  it('surfaces what a handler throws from its own watch, and the others go on', async () => {
    const b = begin('b');
    const bug = new Error('a bug');
    const handler = {
      onEvents: () => {
        throw bug;
      },
      onCompacted: () => Promise.reject(new EtcdFault('unexpected', 'other')),
    };
    const range = { key: Buffer.from('a/'), range_end: Buffer.from('a0') };
    const failing = stream.watch({ range, next: 1, handler }, new AbortController().signal).catch(String);
    await connected(b);

    await admin.put('a/k', '1');
    expect(await failing).toBe(String(bug));
    await admin.put('b/k', '1');

    await eventually(() => b.seen.events.length === 1);
  });
});
