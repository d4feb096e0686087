import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { RealLab } from '../support/real-lab.js';
import type { ServerProcess } from '../support/server-process.js';

interface Report {
  readonly scope: string;
  readonly listed: number;
  readonly counts: Readonly<Record<'missing' | 'different' | 'leftOver' | 'foreign', number>>;
  readonly foreign: readonly string[];
}

interface Job {
  readonly id: string;
  readonly state: string;
  readonly report?: { readonly dryRun: boolean; readonly scopes: readonly Report[] };
}

const stranger = 'cilium/state/identities/v1/id/of-a-stranger';

describe('POST /resync', () => {
  let lab: RealLab;
  let server: ServerProcess;

  beforeAll(async () => {
    lab = await RealLab.start({ audit: true });
    await lab.cluster.fill(10);
    server = await lab.startServer();
    await lab.expectState();
  });
  afterAll(() => lab.stop());

  /** Answers the finished job's report by scope. */
  async function resync(request: object): Promise<Map<string, Report>> {
    const accepted = await server.admin('POST', '/resync', request);
    expect(accepted.status).toBe(202);
    const { id } = accepted.body as Job;
    const finished = await eventually(
      async () => {
        const job = (await server.admin('GET', `/resync/${id}`)).body as Job;
        return job.report && job;
      },
      { what: `resync ${id} done` },
    );
    expect(finished.state).toBe('done');
    return new Map(finished.report!.scopes.map((scope) => [scope.scope, scope]));
  }

  /** What the program has listed so far, by the API server's own account. */
  async function listed(): Promise<string[]> {
    interface Event {
      readonly verb: string;
      readonly requestURI: string;
      readonly userAgent?: string;
    }
    const lines = (await readFile(lab.kube.auditLog, 'utf8')).split('\n').slice(0, -1);
    const events = lines.map((line) => JSON.parse(line) as Event);
    return events
      .filter(({ verb, userAgent }) => verb === 'list' && userAgent?.startsWith('clustermesh-apiserver/'))
      .map(({ requestURI }) => requestURI);
  }

  it('finds nothing when nothing is wrong, lists Kubernetes afresh and writes nothing', async () => {
    const before = await lab.state();

    const scopes = await resync({});

    for (const { counts } of scopes.values())
      expect(counts).toEqual({ missing: 0, different: 0, leftOver: 0, foreign: 0 });
    for (const name of ['identities/v1', 'nodes/v1', 'ip/v1', 'services/v1']) {
      expect(scopes.get(name)?.listed).toBeGreaterThanOrEqual(10);
    }
    expect(await lab.state()).toEqual(before);
  });

  it("takes the lists from the API server's cache, at least as new as what it has seen", async () => {
    const before = (await listed()).length;

    await resync({});

    const lists = (await listed()).slice(before);
    expect(lists.length).toBeGreaterThanOrEqual(5);
    // A limit beside a version would be a list of the past out of etcd.
    expect(
      lists.filter((list) => !/[?&]resourceVersion=[1-9]/.test(list) || list.includes('limit=')),
    ).toEqual([]);
  });

  it('compares one scope only, and changes nothing, when told so', async () => {
    await lab.probe.put(stranger, 'not ours');

    const scopes = await resync({ scopes: ['identities/v1'], dryRun: true });

    expect([...scopes.keys()]).toEqual(['identities/v1']);
    expect(scopes.get('identities/v1')).toMatchObject({ counts: { foreign: 1 }, foreign: [stranger] });
    expect(await lab.probe.get(stranger)).toBe('not ours');
    await lab.probe.delete(stranger);
  });

  it('ends in the right content while everything is being deleted under its hands', async () => {
    const keys = Object.keys(lab.cluster.keys);

    const [scopes] = await Promise.all([resync({}), ...keys.map((key) => lab.probe.delete(key))]);

    expect(scopes.size).toBeGreaterThanOrEqual(4);
    await lab.expectState();
  });

  const bad = [
    { body: { scopes: 'all' }, field: 'scopes' },
    { body: { scopes: [] }, field: 'scopes' },
    { body: { scopes: ['pods/v1'] }, field: 'scopes[0]' },
    { body: { dryRun: 'yes' }, field: 'dryRun' },
    { body: { sccopes: [] }, field: 'sccopes' },
  ];

  it.each(bad)('answers 400 that names $field', async ({ body, field }) => {
    const answer = await server.admin('POST', '/resync', body);

    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(field);
  });

  it('answers 404 for a job that never was', async () => {
    expect((await server.admin('GET', '/resync/never')).status).toBe(404);
  });
});
