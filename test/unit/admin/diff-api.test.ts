import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import request from 'supertest';
import { EtcdFault } from '../../../src/modules/etcd/kv.js';
import type { DiffReport } from '../../../src/modules/mirror/diff.js';
import { type HttpLab, openHttpLab } from '../../support/http-lab.js';

describe('GET /diff', () => {
  let lab: HttpLab;
  beforeEach(async () => {
    lab = await openHttpLab();
  });
  afterEach(() => lab.app.close());
  const get = (query = ''): request.Test => request(lab.url('admin')).get(`/diff${query}`);

  it.each([
    ['', { limit: 100 }],
    ['?scope=ip/v1&limit=0', { scopes: ['ip/v1'], limit: 0 }],
    ['?scope=ip/v1&scope=nodes/v1&scope=ip/v1', { scopes: ['ip/v1', 'nodes/v1'], limit: 100 }],
    ['?cluster=west&limit=10000', { cluster: 'west', limit: 10_000 }],
  ])('asks for %s', async (query, expected) => {
    await get(query).expect(200).expect('Cache-Control', 'no-store');
    expect(lab.parts.diffs).toEqual([expected]);
  });

  it.each([
    ['?scope=ip/v2', 'scope', 'ip/v2', 'one of nodes/v1, ip/v1'],
    ['?limit=10001', 'limit', '10001', 'a number from 0 to 10000'],
    ['?limit=-1', 'limit', '-1', 'a number from 0 to 10000'],
    ['?limit=1&limit=2', 'limit', ['1', '2'], 'a number from 0 to 10000'],
    ['?cluster=', 'cluster', '', 'the name of a remote cluster'],
    ['?scopes=ip/v1', 'scopes', 'ip/v1', 'no such field; the fields are cluster, limit, scope'],
  ])('refuses %s', async (query, field, value, expected) => {
    const { body } = await get(query).expect(400);
    expect(body).toMatchObject({ errors: [{ field, value, expected }] });
    expect(lab.parts.diffs).toEqual([]);
  });

  it('says that etcd cannot be read', async () => {
    lab.parts.onDiff = () => Promise.reject(new EtcdFault('connect ECONNREFUSED', 'unavailable'));
    const { body } = await get().expect(503);
    expect(body).toMatchObject({ message: 'etcd cannot be read: connect ECONNREFUSED' });
  });

  it('runs one at a time and lets four wait', async () => {
    const { onDiff } = lab.parts;
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    lab.parts.onDiff = async (wanted, signal): Promise<DiffReport> => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => release.push(resolve));
      running--;
      return onDiff(wanted, signal);
    };
    const answers = Array.from({ length: 6 }, async () => (await get()).status);
    const refused = await Promise.race(answers);
    expect(refused).toBe(429);
    const freeing = setInterval(() => release.shift()?.(), 1);
    const codes = await Promise.all(answers);
    clearInterval(freeing);
    expect(codes.filter((code) => code === 200)).toHaveLength(4);
    expect(most).toBe(1);
  });
});
