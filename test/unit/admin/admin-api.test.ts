import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import request, { type Response } from 'supertest';
import { type Log, silentLog } from '../../../src/common/log.js';
import { eventually } from '../../support/eventually.js';
import { type HttpLab, openHttpLab } from '../../support/http-lab.js';

describe('admin API', () => {
  let lab: HttpLab;
  const bugs: string[] = [];
  beforeEach(async () => {
    bugs.length = 0;
    const log: Log = { ...silentLog, error: (message) => void bugs.push(message), child: () => log };
    lab = await openHttpLab({ log });
  });
  afterEach(() => lab.app.close());

  const get = (path: string): request.Test => request(lab.url('admin')).get(path);
  const post = (body?: string | object): request.Test => {
    const test = request(lab.url('admin')).post('/resync').set('Content-Type', 'application/json');
    return body === undefined ? test : test.send(body);
  };
  const job = async (id: string, state: string): Promise<Response> =>
    eventually(async () => {
      const answer = await get(`/resync/${id}`);
      return (answer.body as { state: string }).state === state && answer;
    });

  it('GET / names the endpoints', async () => {
    const { body } = await get('/').expect(200);
    expect(body).toMatchObject({
      endpoints: expect.arrayContaining([expect.objectContaining({ path: '/status' })]),
    });
  });

  it('GET /status collects what everybody says', async () => {
    const { body, headers } = await get('/status').expect(200);

    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      version: '1.2.3',
      cluster: { name: 'east', id: 3, maxConnectedClusters: 255 },
      ready: false,
      waitingFor: [{ scope: 'ip/v1', waitingFor: 'etcd to acknowledge 512 keys' }],
      stages: lab.parts.stages,
      scopes: lab.parts.scopeStatus,
      memory: { rss: expect.any(Number), heapUsed: expect.any(Number) },
    });
    expect(body).not.toHaveProperty('readySince');
  });

  it('GET /status says since when it is ready', async () => {
    lab.parts.ready = [];
    const { body } = await get('/status').expect(200);
    expect(body).toMatchObject({ ready: true, readySince: expect.any(Number), waitingFor: [] });
  });

  it('POST /resync queues a job that GET shows to its end', async () => {
    const report = { dryRun: true, durationMs: 7, scopes: [] };
    let finish: () => void = () => undefined;
    lab.parts.onResync = () => new Promise((resolve) => (finish = () => resolve(report)));

    const { body, headers } = await post({ scopes: ['ip/v1'], dryRun: true }).expect(202);
    const { id } = body as { id: string };

    expect(body).toEqual({ id, state: 'queued' });
    expect(headers['location']).toBe(`/resync/${id}`);
    await job(id, 'running');
    finish();
    const done = await job(id, 'done');
    expect(done.body).toMatchObject({ request: { scopes: ['ip/v1'], dryRun: true }, report });
    const list = await get('/resync').expect(200);
    expect(list.body).toMatchObject({ jobs: [{ id, state: 'done' }] });
    expect(lab.parts.resyncs).toEqual([{ scopes: ['ip/v1'], dryRun: true }]);
  });

  it.each([
    ['no body', undefined],
    ['{}', {}],
    ['spaces', ' \n'],
  ])('POST /resync with %s means everything', async (_what, sent) => {
    const { body } = await post(sent).expect(202);
    await job((body as { id: string }).id, 'done');
    expect(lab.parts.resyncs).toEqual([{ dryRun: false }]);
  });

  it('shows why a job failed, without a stack', async () => {
    lab.parts.onResync = () => Promise.reject(new Error('etcd is away'));
    const { body } = await post({}).expect(202);
    const failed = await job((body as { id: string }).id, 'failed');
    expect(failed.body).toMatchObject({ error: 'etcd is away' });
    expect(failed.text).not.toContain('.ts:');
  });

  it('answers 429 when too many are queued', async () => {
    lab.parts.scopeStatus = Array.from({ length: 12 }, (_, at) => ({
      ...lab.parts.scopeStatus[0]!,
      scope: `s${at}`,
    }));
    lab.parts.onResync = (_request, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
    const codes: number[] = [];
    for (let at = 0; at < 12; at++) codes.push((await post({ scopes: [`s${at}`] })).status);

    expect(codes.slice(0, 11)).toEqual(Array.from({ length: 11 }, () => 202));
    expect(codes[11]).toBe(429);
  });

  describe('refuses', () => {
    it('unknown scopes, naming those there are', async () => {
      const { body } = await post({ scopes: ['ip/v1', 'ip/v2'] }).expect(400);
      expect(body).toEqual({
        statusCode: 400,
        error: 'Bad Request',
        message: 'scopes[1] is "ip/v2", expected one of nodes/v1, ip/v1',
        errors: [{ field: 'scopes[1]', value: 'ip/v2', expected: 'one of nodes/v1, ip/v1' }],
      });
    });

    it.each([
      ['an unknown field', { dryrun: true }, 'dryrun', true, 'no such field; the fields are dryRun, scopes'],
      ['dryRun as text', { dryRun: 'yes' }, 'dryRun', 'yes', 'true or false'],
      [
        'scopes as text',
        { scopes: 'ip/v1' },
        'scopes',
        'ip/v1',
        expect.stringContaining('a list of scope names'),
      ],
      ['no scopes', { scopes: [] }, 'scopes', [], expect.stringContaining('a list of scope names')],
      ['numbers', { scopes: [1] }, 'scopes', [1], expect.stringContaining('a list of scope names')],
      ['a list', [1], '', [1], 'a JSON object'],
      ['null', 'null', '', null, 'a JSON object'],
    ])('%s', async (_what, sent, field, value, expected) => {
      const { body } = await post(sent).expect(400);
      expect(body).toMatchObject({ statusCode: 400, errors: [{ field, value, expected }] });
      expect(lab.parts.resyncs).toEqual([]);
    });

    it('what is not JSON, saying where', async () => {
      const { body } = await post('{"dryRun":\n tru}').expect(400);
      expect(body).toMatchObject({
        error: 'Bad Request',
        message: 'The body is not JSON: unexpected "t" at position 12 (line 2, column 2).',
        position: 12,
      });
    });

    it('a body that is not declared as JSON', async () => {
      const codes = await Promise.all(
        ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'].map(
          async (type) => (await post('{}').set('Content-Type', type)).status,
        ),
      );
      expect(codes).toEqual([415, 415, 415]);
    });

    it('a large body, and goes on', async () => {
      const large = await post(`{"scopes":["${'x'.repeat(1_000_000)}"]}`);
      const next = await post({});
      expect([large.status, next.status]).toEqual([413, 202]);
    });

    it('other origins and other hosts', async () => {
      await post({}).set('Origin', 'http://evil.example').expect(403);
      const { body, headers } = await get('/status').set('Host', 'evil.example').expect(403);
      expect(body).toMatchObject({ statusCode: 403, error: 'Forbidden' });
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(lab.parts.resyncs).toEqual([]);
    });
  });

  it('answers in JSON that something is not there', async () => {
    const unknown = await get('/resync/nope').expect(404);
    expect(unknown.body).toMatchObject({ statusCode: 404, error: 'Not Found' });
    await get('/nothing')
      .expect(404)
      .expect('Content-Type', /application\/json/);
    await get('/resync/%ff')
      .expect(400)
      .expect('Content-Type', /application\/json/);
  });

  it.each(['/readyz', '/livez', '/metrics'])('leaves %s to its own listener', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it('hides a bug from the client and logs it', async () => {
    lab.parts.scopes = () => {
      throw new Error('secret detail');
    };
    const { body, text } = await get('/status').expect(500);
    expect(body).toMatchObject({ statusCode: 500, error: 'Internal Server Error' });
    expect(text).not.toContain('secret');
    expect(bugs).toEqual(['A request failed: this is a bug']);
  });
});
