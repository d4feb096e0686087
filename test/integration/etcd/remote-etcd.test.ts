import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { readSettings } from '../../../src/modules/etcd/config/etcd-config-loader.js';
import { connectRemote, type RemoteEtcd } from '../../../src/modules/etcd/remote/remote-etcd.js';
import type { EtcdAdmin } from '../../support/etcd-admin.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { WatchRecorder } from '../../support/watch-recorder.js';

describe(connectRemote, () => {
  let etcd: TestEtcd;
  let admin: EtcdAdmin;
  let proxy: TcpProxy;
  let remote: RemoteEtcd;
  let admitted: number;
  const end = new AbortController();

  beforeEach(async () => {
    etcd = await startEtcd();
    admin = etcd.client();
    proxy = await TcpProxy.start(etcd.clientPort);
    admitted = 0;
    remote = await connectRemote(await readSettings({ address: `http://127.0.0.1:${proxy.port}` }), {
      keepAlive: { heartbeatMs: 15_000, timeoutMs: 25_000 },
      budget: { take: () => Promise.resolve(true), done: () => undefined },
      clock: systemClock,
      random: Math.random,
      signal: end.signal,
      onStep: () => undefined,
      admit: () => {
        admitted++;
        return Promise.resolve(true);
      },
      probe: 'cilium/.heartbeat',
      timeoutMs: 5000,
    });
  });
  afterEach(async () => {
    remote.close();
    await proxy.stop();
    await etcd.stop();
  });

  const streamsAtEtcd = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${etcd.clientPort}/metrics`)).text();
    return Number(/^etcd_debugging_mvcc_watch_stream_total (\d+)$/m.exec(metrics)?.[1]);
  };
  const begin = async (prefix: string, signal = end.signal) => {
    const seen = new WatchRecorder();
    const over = remote.watch(prefix, 1, seen, signal);
    await eventually(() => seen.times('connected') === 1, { what: `the watch of ${prefix}` });
    return { seen, over };
  };

  it('watches all folders on one stream, and the heartbeat, which may be refused alone, on its own', async () => {
    const before = await streamsAtEtcd();
    await begin('cilium/state/nodes/v1/');
    await begin('cilium/state/ip/v1/');
    expect(await streamsAtEtcd()).toBe(before + 1);

    await begin('cilium/.heartbeat');
    expect(await streamsAtEtcd()).toBe(before + 2);
  });

  it('opens another stream when the shared one has ended', async () => {
    const before = await streamsAtEtcd();
    const first = new AbortController();
    const { over } = await begin('cilium/state/nodes/v1/', first.signal);
    first.abort();
    await over;

    const { seen } = await begin('cilium/state/nodes/v1/');
    await admin.put('cilium/state/nodes/v1/east/a', '1');
    await eventually(() => seen.events.length === 1);
    expect(seen.events).toEqual(['create cilium/state/nodes/v1/east/a=1']);
    await eventually(async () => (await streamsAtEtcd()) === before + 1, { what: 'the first stream to end' });
  });

  it('asks before it opens a socket, and opens none instead of one that was lost', async () => {
    expect(admitted).toBe(2);
    const folders = [await begin('cilium/state/nodes/v1/'), await begin('cilium/state/ip/v1/')];
    proxy.cut({ refuse: false });
    for (const { over } of folders) expect((await over).fault.kind).toBe('unavailable');

    await expect(remote.get('cilium/.heartbeat')).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'the connection was lost',
    });
    const { fault } = await remote.watch('cilium/state/nodes/v1/', 1, new WatchRecorder(), end.signal);
    expect(fault.kind).toBe('unavailable');
    expect(proxy.connections).toBe(0);
    expect(admitted).toBe(2);
  });
});
