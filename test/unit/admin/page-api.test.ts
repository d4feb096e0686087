import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import request, { type Response } from 'supertest';
import type { Schema } from '../../../src/modules/admin/openapi/schema.js';
import { eventually } from '../../support/eventually.js';
import { type HttpLab, openHttpLab } from '../../support/http-lab.js';

interface Document {
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: Schema }> }> }>
  >;
}

describe('the page and its description', () => {
  let lab: HttpLab;
  beforeEach(async () => {
    lab = await openHttpLab();
  });
  afterEach(() => lab.app.close());
  const get = (path: string): request.Test => request(lab.url('admin')).get(path);

  it('is a page for browsers and an index for programs', async () => {
    const html = await get('/').set('Accept', 'text/html,*/*').expect(200);
    expect(html.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', vary: 'Accept' });
    await get('/').set('Accept', '*/*').expect(200).expect('Content-Type', /json/);
  });

  it('allows nothing inline, nothing foreign and no frame', async () => {
    const html = await get('/').set('Accept', 'text/html').expect(200);
    const policy = html.headers['content-security-policy']!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(html.text).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=|https?:\/\//);
    const links = [...html.text.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map(([, path]) => path!);
    expect(links).toHaveLength(2);
    for (const path of links) await get(path).expect(200);
  });

  it('has all the modules that its scripts name, and is small', async () => {
    const seen = new Set<string>();
    let bytes =
      (await get('/').set('Accept', 'text/html')).text.length + (await get('/page/style.css')).text.length;
    const walk = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const { text } = await get(path).expect(200).expect('Content-Type', 'text/javascript; charset=utf-8');
      bytes += text.length;
      const imports = [...text.matchAll(/^import .* from '(\..+?)';|^} from '(\..+?)';/gm)];
      for (const [, one, other] of imports) await walk(new URL((one ?? other)!, `http://x${path}`).pathname);
    };
    await walk('/page/main.js');
    expect(seen.size).toBeGreaterThan(10);
    // With its comments; the bundle ships 44 KB.
    expect(bytes).toBeLessThan(64 * 1024);
  });

  it.each([
    '/page/nope.js',
    '/page/..%2f..%2fpage.controller.js',
    '/page/views',
    '/page/views/..%2fmain.ts',
    '/page/%00',
  ])('has no %s', async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it('describes every answer as it is', async () => {
    const { body } = await get('/openapi.json').expect(200);
    const { paths } = body as Document;
    expect(Object.keys(paths)).toEqual(['/status', '/events', '/diff', '/resync', '/resync/{id}']);
    const posted = await request(lab.url('admin')).post('/resync').send({ dryRun: true }).expect(202);
    const { id } = posted.body as { id: string };
    const done = await eventually(async () => {
      const answer = await get(`/resync/${id}`);
      return (answer.body as { state: string }).state === 'done' && answer;
    });
    // The figures of the last minute come with the second look.
    const status = await eventually(async () => {
      const answer = await get('/status');
      return 'traffic' in (answer.body as object) && answer;
    });
    const answers: [string, string, string, Response][] = [
      ['/status', 'get', '200', status],
      ['/events', 'get', '200', await get('/events')],
      ['/diff', 'get', '200', await get('/diff')],
      ['/resync', 'get', '200', await get('/resync')],
      ['/resync', 'post', '202', posted],
      ['/resync/{id}', 'get', '200', done],
      ['/resync/{id}', 'get', '404', await get('/resync/nope')],
    ];
    for (const [path, method, code, answer] of answers) {
      const { schema } = paths[path]![method]!.responses[code]!.content!['application/json']!;
      expect(faults(answer.body, schema, path)).toEqual([]);
    }
  });
});

/** Where a value is not what its schema says. */
function faults(value: unknown, schema: Schema, at: string): string[] {
  if (schema.oneOf) return schema.oneOf.some((one) => faults(value, one, at).length === 0) ? [] : [at];
  if (schema.enum) return schema.enum.includes(value as string) ? [] : [`${at}: ${String(value)}`];
  if (schema.type === 'array')
    return Array.isArray(value)
      ? value.flatMap((item, n) => faults(item, schema.items!, `${at}[${n}]`))
      : [at];
  if (schema.type !== 'object') return typeof value === schema.type ? [] : [`${at}: ${typeof value}`];
  if (typeof value !== 'object' || value === null) return [at];
  const missing = (schema.required ?? [])
    .filter((name) => !(name in value))
    .map((name) => `${at}.${name} is missing`);
  return [
    ...missing,
    ...Object.entries(value).flatMap(([name, part]) => {
      const known = schema.properties?.[name] ?? schema.additionalProperties;
      if (known === undefined) return [];
      return known === false ? [`${at}.${name} is not described`] : faults(part, known, `${at}.${name}`);
    }),
  ];
}
