import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import request from 'supertest';
import type { AdminEvent } from '../../../src/modules/admin/events/admin-event.js';
import { EventLog } from '../../../src/modules/admin/events/event-log.js';
import { EventStreams } from '../../../src/modules/admin/events/event-streams.js';
import type { StatusUpdate } from '../../../src/modules/admin/events/status-feed.js';
import { eventually } from '../../support/eventually.js';
import { type HttpLab, openHttpLab } from '../../support/http-lab.js';

describe('GET /events', () => {
  let lab: HttpLab;
  const open: IncomingMessage[] = [];
  beforeEach(async () => {
    lab = await openHttpLab();
  });
  afterEach(async () => {
    for (const stream of open.splice(0)) stream.destroy();
    await lab.app.close();
  });

  const record = (subject: string): void =>
    lab.app.get(EventLog, { strict: false }).record({
      kind: 'drift',
      level: 'warning',
      subject,
      text: 'x',
      at: 1,
      count: 1,
      topic: subject,
    });
  const list = async (query = ''): Promise<{ events: AdminEvent[]; missed: number }> =>
    (await request(lab.url('admin')).get(`/events${query}`).expect(200)).body as never;

  /** The messages of a stream, as they come. */
  async function stream(
    path = '/events',
    headers: Record<string, string> = {},
  ): Promise<{ status: number; messages: string[] }> {
    const messages: string[] = [];
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const accept = { accept: 'text/event-stream', ...headers };
      httpRequest(`${lab.url('admin')}${path}`, { headers: accept }, resolve)
        .on('error', reject)
        .end();
    });
    open.push(response);
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop() ?? '';
      messages.push(...parts);
    });
    response.on('error', () => undefined);
    return { status: response.statusCode ?? 0, messages };
  }

  it('has what happened, and what is new since an event', async () => {
    record('a');
    const { events } = await list();
    expect(events.map(({ text }) => text)).toEqual(['the program started', 'x']);
    record('b');
    expect((await list(`?after=${events.at(-1)!.id}`)).events.map(({ subject }) => subject)).toEqual(['b']);
    expect((await list('?after=nonsense')).events).toHaveLength(3);
  });

  it('makes events of what changes', async () => {
    lab.parts.stages = [
      {
        name: 'writer',
        state: 'backing-off',
        since: 5,
        healthy: false,
        lastError: { message: 'no', at: 5 },
        counts: {},
      },
    ];
    lab.parts.repairTallies = [{ scope: 'ip/v1', kind: 'deleted', count: 1000, key: 'k' }];
    const { events } = await eventually(async () => {
      const answer = await list();
      return answer.events.length > 2 && answer;
    });
    expect(events).toEqual([
      expect.objectContaining({ kind: 'started' }),
      expect.objectContaining({ kind: 'stage', subject: 'writer', text: 'idle → backing-off', error: 'no' }),
      expect.objectContaining({ kind: 'drift', subject: 'ip/v1', count: 1000 }),
    ]);
  });

  it('streams what was and what comes, and goes on where a reader was', async () => {
    const first = await stream();
    record('a');
    await eventually(() => first.messages.some((message) => message.includes('"subject":"a"')));
    const id = /^id: (.+)$/m.exec(first.messages.at(-1)!)![1]!;
    record('b');

    const second = await stream('/events', { 'last-event-id': id });
    await eventually(() => second.messages.some((message) => message.includes('"subject":"b"')));
    expect(second.messages.join()).not.toContain('"subject":"a"');
    expect(second.messages[0]).toBe('retry: 2000');
  });

  it('sends the status whole at first, then what is new', async () => {
    const { messages } = await stream('/events?status=true');
    const updates = (): StatusUpdate[] =>
      messages
        .filter((message) => message.startsWith('event: status'))
        .map((message) => JSON.parse(message.slice(message.indexOf('data: ') + 6)) as StatusUpdate);
    await eventually(() => updates().length > 1);
    expect(updates()[0]).toMatchObject({
      full: true,
      stages: lab.parts.stages,
      scopes: lab.parts.scopeStatus,
    });
    lab.parts.stages = [{ name: 'other', state: 'on', since: 1, healthy: true, counts: {} }];
    const changed = await eventually(() =>
      updates().find(({ full, stages }) => !full && stages.length === 1 && stages[0]?.name === 'other'),
    );
    expect(changed).toMatchObject({ goneStages: ['writer'], scopes: [], head: { version: '1.2.3' } });
  });

  it('takes 16 listeners, and forgets those that go', async () => {
    const streams = lab.app.get(EventStreams, { strict: false });
    for (let n = 0; n < 16; n++) expect((await stream()).status).toBe(200);
    expect((await stream()).status).toBe(503);
    open[0]!.destroy();
    await eventually(() => streams.size === 15);
    expect((await stream()).status).toBe(200);
    for (const one of open) one.destroy();
    await eventually(() => streams.size === 0);
  });

  it('cuts off a reader that does not read, rather than keep everything for it', async () => {
    const streams = lab.app.get(EventStreams, { strict: false });
    const { messages } = await stream();
    await eventually(() => messages.length > 0);
    open[0]!.pause();
    await eventually(
      () => {
        for (let n = 0; n < 200; n++)
          lab.app.get(EventLog, { strict: false }).ring.append({
            kind: 'drift',
            level: 'warning',
            subject: '',
            text: 'x'.repeat(10_000),
            at: 1,
            count: 1,
            topic: '',
          });
        return streams.size === 0;
      },
      { timeoutMs: 20_000 },
    );
    expect(streams.size).toBe(0);
  });

  it('is not for pages of other sites', async () => {
    const foreign = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };
    for (const path of ['/events', '/diff', '/status'])
      await request(lab.url('admin')).get(path).set(foreign).expect(403);
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    await request(lab.url('admin')).get('/').set(link).set('Accept', 'text/html').expect(200);
    await request(lab.url('admin')).post('/resync').set(link).expect(403);
    const frame = { ...link, 'sec-fetch-dest': 'iframe' };
    expect(lab.parts.resyncs).toEqual([]);
    await request(lab.url('admin')).get('/').set(frame).set('Accept', 'text/html').expect(403);
  });
});
