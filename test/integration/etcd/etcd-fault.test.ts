import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EtcdFault, KvOp } from '../../../src/modules/etcd/kv.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdLab } from '../../support/etcd-lab.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { WatchRecorder } from '../../support/watch-recorder.js';

const put = (key: string, value = 'v', lease = '0'): KvOp => ({ type: 'put', key, value, lease });

async function faultOf(call: Promise<unknown>): Promise<EtcdFault> {
  return call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (error: unknown) => error as EtcdFault,
  );
}

describe('the faults of a real etcd', () => {
  let etcd: TestEtcd;
  let lab: EtcdLab;

  beforeAll(async () => {
    etcd = await startEtcd({ args: ['--max-txn-ops=16'] });
    lab = await EtcdLab.start({ address: etcd.endpoint });
  });
  afterAll(async () => {
    await lab.stop();
    await etcd.stop();
  });

  it('too many operations', async () => {
    const ops = Array.from({ length: 17 }, (_, n) => put(`f/${n}`));
    expect(await faultOf(lab.kv.txn(ops))).toMatchObject({ kind: 'too-many-operations', retryable: false });
  });

  it.each([
    ['the request limit', 1_600_000, /etcdserver: request is too large/],
    ['gRPC’s limit', 3_000_000, /message larger than max/],
  ])('too large: %s', async (_what, size, text) => {
    const fault = await faultOf(lab.kv.txn([put('f/large', 'v'.repeat(size))]));
    expect(fault).toMatchObject({ kind: 'too-large', retryable: false });
    expect(fault.message).toMatch(text);
  });

  it('the same key twice', async () => {
    expect(await faultOf(lab.kv.txn([put('f/a'), put('f/a')]))).toMatchObject({ kind: 'duplicate-key' });
  });

  it('a lease that etcd does not know', async () => {
    const fault = await faultOf(lab.kv.txn([put('f/a', 'v', '4242')]));
    expect(fault).toMatchObject({
      kind: 'lease-not-found',
      message: 'etcdserver: requested lease not found',
    });
  });

  it('a revision that is gone', async () => {
    await etcd.client().put('f/x', '1');
    await lab.kv.txn([put('f/y')]);
    const pages = lab.kv.range('f/', { pageSize: 1 })[Symbol.asyncIterator]();
    await pages.next();
    await etcd.client().put('f/x', '2');
    await etcd.client().compact(await etcd.client().revision());
    expect(await faultOf(pages.next())).toMatchObject({ kind: 'compacted', retryable: false });
  });

  it('a full database, in which deletions still succeed', async () => {
    const small = await startEtcd({ args: ['--quota-backend-bytes=65536'] });
    const other = await EtcdLab.start({ address: small.endpoint });
    // The size of the database is known a moment after it grew.
    const fill = async (): Promise<void> => {
      for (let n = 0; n < 1000; n++) await other.kv.txn([put(`f/${n}`, 'v'.repeat(20_000))]);
    };
    expect(await faultOf(fill())).toMatchObject({ kind: 'no-space', retryable: true });
    await expect(other.kv.txn([{ type: 'delete', key: 'f/0' }])).resolves.toBeDefined();
    await other.stop();
    await small.stop();
  });

  it('nobody there, by name', async () => {
    const gone = await startEtcd();
    const other = await EtcdLab.start({ address: gone.endpoint });
    await gone.kill();
    const fault = await faultOf(other.kv.get('f/a'));
    expect(fault.kind).toBe('unavailable');
    await expect
      .poll(async () => (await faultOf(other.kv.get('f/a'))).message)
      .toMatch(/^connect ECONNREFUSED 127/);
    await other.stop();
    await gone.stop();
  });

  it('no answer within the deadline', async () => {
    const proxy = await TcpProxy.start(etcd.clientPort);
    const other = await EtcdLab.start({ address: `http://127.0.0.1:${proxy.port}` });
    proxy.pause();
    const started = performance.now();
    expect(await faultOf(other.kv.get('f/a', { deadlineMs: 200 }))).toMatchObject({ kind: 'timeout' });
    expect(performance.now() - started).toBeLessThan(2000);
    await other.stop();
    await proxy.stop();
  });
});

describe('the faults of an etcd with accounts', () => {
  let etcd: TestEtcd;

  beforeAll(async () => {
    etcd = await startEtcd({ args: ['--auth-token=simple'] });
    const { auth } = await etcd.client().etcd3();
    await auth.userAdd({ name: 'root', password: 'secret' });
    await auth.userGrantRole({ user: 'root', role: 'root' });
    await auth.roleAdd({ name: 'reader' });
    await auth.roleGrantPermission({
      name: 'reader',
      perm: { permType: 'Read', key: Buffer.from('f/'), range_end: Buffer.from('f0') },
    });
    await auth.userAdd({ name: 'alice', password: 'wonder' });
    await auth.userGrantRole({ user: 'alice', role: 'reader' });
    await auth.authEnable();
  });
  afterAll(() => etcd.stop());

  const labOf = (username: string, password: string, options = {}): Promise<EtcdLab> =>
    EtcdLab.withConfig(
      { endpoints: [etcd.endpoint], 'insecure-transport': true, username, password },
      options,
    );

  /** Ends every token of alice. */
  const expireTokens = async (): Promise<void> => {
    const root = await labOf('root', 'secret');
    const account = { name: 'alice', password: 'wonder' };
    await root.connection.client().call('Auth', 'UserChangePassword', account);
    await root.stop();
  };

  it('reads with a login, and may not write', async () => {
    const lab = await labOf('alice', 'wonder');
    expect(await lab.kv.get('f/a')).toBeUndefined();
    expect(await faultOf(lab.kv.txn([put('f/a')]))).toMatchObject({
      kind: 'permission-denied',
      retryable: true,
    });
    await lab.stop();
  });

  it('logs in again when its token is no longer good', async () => {
    const lab = await labOf('alice', 'wonder', { supervised: false });
    await lab.kv.get('f/a');
    await expireTokens();
    expect(await lab.kv.get('f/a')).toBeUndefined();
    await lab.stop();
  });

  it('goes on watching with a new token, without another call that would log in', async () => {
    const lab = await labOf('alice', 'wonder', { supervised: false });
    const seen = new WatchRecorder();
    lab.spawn((signal) => lab.watcher.watch({ prefix: 'f/' }, 1, seen, signal));
    await eventually(() => seen.times('connected') === 1);
    await expireTokens();
    await etcd.restart();
    await eventually(() => seen.times('connected') === 2);
    expect(seen.times('disconnected')).toBe(1);
    await lab.stop();
  });

  it('a wrong password, and no password at all', async () => {
    const wrong = await labOf('alice', 'wrong').catch((error: unknown) => error as Error);
    expect(wrong).toMatchObject({ message: expect.stringMatching(/authentication failed/) as string });
    const none = await EtcdLab.start({ address: etcd.endpoint });
    expect(await faultOf(none.kv.get('f/a'))).toMatchObject({ kind: 'unauthenticated' });
    await none.stop();
  });

  it('a watch that is not permitted', async () => {
    const lab = await labOf('alice', 'wonder');
    const causes: string[] = [];
    const abort = new AbortController();
    const handler = {
      onEvents: () => undefined,
      onCompacted: () => Promise.resolve(0),
      onDisconnected: (cause: Error) => {
        causes.push(cause.message);
        abort.abort();
      },
    };
    await lab.watcher.watch({ prefix: 'secret/' }, 1, handler, abort.signal);
    expect(causes).toEqual(['etcdserver: permission denied']);
    await lab.stop();
  });
});
