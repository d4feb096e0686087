import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { KubeError } from '../../../src/modules/kubernetes/kube-api.js';
import { KubeTransport } from '../../../src/modules/kubernetes/kube-transport.js';
import { eventually } from '../../support/eventually.js';
import { FakeKubeServer } from '../../support/fake-kube-server.js';
import { ManualClock } from '../common/manual-clock.js';
import { transportTo, unlimited } from '../../support/reflector-lab.js';

const nodes = '/apis/cilium.io/v2/ciliumnodes';

describe(KubeTransport, () => {
  let server: FakeKubeServer;
  let sut: KubeTransport;

  beforeEach(async () => {
    server = await FakeKubeServer.start();
    sut = transportTo(server.url);
  });

  afterEach(async () => {
    sut.closeAll();
    await server.close();
  });

  const failure = async (work: Promise<unknown>): Promise<KubeError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KubeError);
    return error as KubeError;
  };

  it('answers JSON as it is and other types as text, over one connection, under its own name', async () => {
    server.fixed.set('/version', { gitVersion: 'v1.30.0' });
    server.fixed.set('/healthz', 'ok');
    expect(await sut.request('GET', '/version')).toEqual({ gitVersion: 'v1.30.0' });
    expect(await sut.request('GET', '/healthz')).toBe('ok');
    expect(server.connections).toBe(1);
    expect(server.headers[0]).toMatchObject({ 'user-agent': 'test/1', accept: 'application/json' });
  });

  it('makes a KubeError of a Status', async () => {
    server.faults.list.push({ kind: 'status', status: 429, reason: 'TooManyRequests', retryAfter: 7 });
    const error = await failure(sut.request('GET', nodes));
    expect(error).toMatchObject({
      status: 429,
      reason: 'TooManyRequests',
      retryAfterMs: 7000,
      message: 'status 429',
    });
  });

  it('sends a body with its type', async () => {
    server.fixed.set(nodes, { ok: true });
    await sut.request('PATCH', nodes, {
      body: [{ op: 'add' }],
      contentType: 'application/json-patch+json',
      query: { fieldManager: 'a b' },
    });
    expect(server.requests).toEqual([`PATCH ${nodes}?fieldManager=a+b`]);
    expect(server.headers[0]).toMatchObject({
      'content-type': 'application/json-patch+json',
      'content-length': '14',
    });
  });

  it('names the request when nobody answers', async () => {
    const { url, port } = server;
    await server.close();
    const error = await failure(sut.request('GET', '/version'));
    expect(error).toMatchObject({ status: 0, reason: 'ECONNREFUSED' });
    expect(error.message).toBe(`Get "${url}/version": connect ECONNREFUSED 127.0.0.1:${String(port)}`);
    await server.listen(port);
  });

  it('gives up after the deadline, headers or body', async () => {
    server.faults.list.push({ kind: 'silence' });
    const error = await failure(sut.request('GET', nodes, { timeoutMs: 30 }));
    expect(error).toMatchObject({ status: 0, reason: 'Timeout' });
  });

  it('does not limit a stream once it has its headers, and ends it with the signal', async () => {
    const abort = new AbortController();
    const clock = new ManualClock();
    sut = new KubeTransport({ ...options(server.url), clock });
    const body = await sut.stream(nodes, {
      query: { watch: 'true', resourceVersion: '100' },
      signal: abort.signal,
      headersTimeoutMs: 20,
    });
    await clock.advance(60_000);
    server.put('a', 1);
    const [chunk] = (await once(body, 'data')) as [Buffer];
    expect(chunk.toString()).toContain('ADDED');

    const closed = once(body, 'error');
    abort.abort();
    await closed;
    await eventually(() => server.openWatches === 0);
  });

  it('asks for streams as they are, not compressed', async () => {
    (await sut.stream(nodes)).destroy();
    expect(server.headers[0]).toMatchObject({ accept: 'application/json', 'accept-encoding': 'identity' });
  });

  it('rejects at once for a signal that has aborted', async () => {
    const error = await failure(sut.request('GET', '/version', { signal: AbortSignal.abort() }));
    expect(error.reason).toBe('Aborted');
    expect(server.requests).toEqual([]);
  });

  it('sends a GET again that met a connection closed in the meantime, and nothing else', async () => {
    server.fixed.set('/version', { ok: true });
    await sut.request('GET', '/version');
    server.faults.list.push({ kind: 'refuse' });
    await sut.request('GET', nodes);
    expect(server.requests.filter((request) => request === `GET ${nodes}`)).toHaveLength(2);

    server.faults.list.push({ kind: 'refuse' });
    expect(await failure(sut.request('POST', nodes, { body: {} }))).toMatchObject({ reason: 'ECONNRESET' });
  });

  it('closes idle connections only', async () => {
    server.fixed.set('/version', { ok: true });
    const body = await sut.stream(nodes, { query: { watch: 'true', resourceVersion: '100' } });
    await sut.request('GET', '/version');
    expect(server.connections).toBe(2);
    sut.closeIdle();
    await eventually(() => server.connections === 1);
    expect(server.openWatches).toBe(1);
    body.destroy();
  });

  it('closes everything', async () => {
    const body = await sut.stream(nodes, { query: { watch: 'true', resourceVersion: '100' } });
    const closed = once(body, 'error');
    sut.closeAll();
    await closed;
    await eventually(() => server.connections === 0);
    expect(server.openWatches).toBe(0);
  });

  it('takes a token for each request', async () => {
    let taken = 0;
    const limit = { take: () => Promise.resolve((taken++, true)) };
    server.fixed.set('/version', {});
    sut = new KubeTransport({ ...options(server.url), limit });
    await sut.request('GET', '/version');
    (await sut.stream(nodes)).destroy();
    expect(taken).toBe(2);
  });

  it('asks for credentials each time, and takes new connections for new certificates', async () => {
    let call = 0;
    const identify = () =>
      Promise.resolve({
        headers: { authorization: `Bearer ${String(++call)}` },
        tls: { ca: `ca ${String(call)}` },
      });
    server.fixed.set('/version', {});
    sut = new KubeTransport({ ...options(server.url), credentials: { server: server.url, identify } });
    await sut.request('GET', '/version');
    await sut.request('GET', '/version');
    expect(server.headers.map(({ authorization }) => authorization)).toEqual(['Bearer 1', 'Bearer 2']);
    // Sooner than the server itself closes idle connections.
    await eventually(() => server.connections === 1, { timeoutMs: 3_000 });
  });

  it('says that credentials are missing, and why', async () => {
    const cause = new Error('no token');
    sut = new KubeTransport({
      ...options(server.url),
      credentials: { server: server.url, identify: () => Promise.reject(cause) },
    });
    expect(await failure(sut.request('GET', '/version'))).toMatchObject({
      status: 0,
      reason: 'Credentials',
      cause,
    });
  });

  describe('with a server that never finishes TLS', () => {
    let silent: Server;

    beforeEach(async () => {
      silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
    });

    afterEach(() => void silent.close());

    it('limits connecting', async () => {
      const url = `https://127.0.0.1:${String((silent.address() as AddressInfo).port)}`;
      sut = new KubeTransport({ ...options(url), connectionTimeoutMs: 30 });
      expect(await failure(sut.request('GET', '/version'))).toMatchObject({ status: 0, reason: 'ETIMEDOUT' });
    });
  });
});

function options(server: string): ConstructorParameters<typeof KubeTransport>[0] {
  return {
    credentials: { server, identify: () => Promise.resolve({ headers: {}, tls: {} }) },
    clock: systemClock,
    limit: unlimited,
    userAgent: 'test/1',
    connectionTimeoutMs: 5_000,
    connectionKeepAliveMs: 30_000,
  };
}
