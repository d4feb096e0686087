import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import request from 'supertest';
import { type HttpLab, openHttpLab } from '../../support/http-lab.js';
import { rawHttp } from '../../support/raw-http.js';

const ready = { scope: 'ip/v1', ready: true, waitingFor: '', since: 8 };

describe('/readyz', () => {
  let lab: HttpLab;
  beforeEach(async () => {
    lab = await openHttpLab();
  });
  afterEach(() => lab.app.close());

  const raw = (method: string): Promise<string> =>
    rawHttp(
      lab.listeners.address('health')?.port ?? 0,
      `${method} /readyz HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n`,
    );
  const withoutDate = (answer: string): string => answer.replace(/Date: .*\r\n/, '');

  it('sends the bytes of the original while it waits', async () => {
    expect(withoutDate(await raw('GET'))).toBe(
      'HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\n' +
        'Content-Length: 8\r\nConnection: close\r\n\r\nNotReady',
    );
  });

  it('sends the bytes of the original when it is ready, to any method', async () => {
    lab.parts.ready = [ready];

    const answers = await Promise.all(['GET', 'POST', 'DELETE', 'PROPFIND'].map(raw));
    expect(new Set(answers.map(withoutDate))).toEqual(
      new Set([
        'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\nConnection: close\r\n\r\nReady',
      ]),
    );
  });

  it('never takes readiness back', async () => {
    lab.parts.ready = [ready];
    await request(lab.url('health')).get('/readyz').expect(200);

    lab.parts.ready = [{ ...ready, ready: false, waitingFor: 'a new list' }];

    const plain = await request(lab.url('health')).get('/readyz');
    const verbose = await request(lab.url('health')).get('/readyz?verbose');
    expect([plain.status, plain.text]).toEqual([200, 'Ready']);
    expect([verbose.status, verbose.body]).toMatchObject([200, { status: 'ok' }]);
  });

  it('is not ready while one of several is missing', async () => {
    lab.parts.ready = [ready, { ...ready, scope: 'nodes/v1', ready: false }];
    const answer = await request(lab.url('health')).get('/readyz');
    expect([answer.status, answer.text]).toEqual([500, 'NotReady']);
  });

  it('says with ?verbose which scope waits for what, under the same status', async () => {
    lab.parts.ready = [...lab.parts.ready, { ...ready, scope: 'nodes/v1' }];

    const { body } = await request(lab.url('health')).get('/readyz?verbose').expect(500);

    expect(body).toMatchObject({
      status: 'error',
      info: { 'nodes/v1': { status: 'up', since: 8 } },
      error: { 'ip/v1': { status: 'down', waitingFor: 'etcd to acknowledge 512 keys', since: 7 } },
    });
  });

  it.each(['/', '/healthz', '/readyz/', '/READYZ', '/readyz/x', '/metrics', '/status'])(
    '%s is not found',
    async (path) => {
      const answer = await request(lab.url('health')).get(path);

      expect(answer.status).toBe(404);
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(answer.text).toBe('404 page not found\n');
    },
  );
});

describe('/livez', () => {
  let lab: HttpLab;
  beforeEach(async () => {
    lab = await openHttpLab();
  });
  afterEach(() => lab.app.close());

  it('is ok while nothing is ready and a stage is down', async () => {
    lab.parts.stages = [{ name: 'etcd/connection', state: 'down', since: 1, healthy: false, counts: {} }];
    lab.parts.loops = [{ loop: 'writer', stuckMs: 1000 }];

    const answer = await request(lab.url('health')).get('/livez').expect(200, 'ok');

    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('fails when a main loop is stuck', async () => {
    lab.parts.loops = [
      { loop: 'writer', stuckMs: 120_001 },
      { loop: 'leases', stuckMs: 120_000 },
    ];
    const answer = await request(lab.url('health')).get('/livez');
    expect([answer.status, answer.text]).toEqual([500, 'stuck: writer']);
  });
});
