import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevApiServer } from '../../../dev/api-server/dev-api-server.js';
import { ClusterGenerator, largeCluster } from '../../../dev/cluster-generator.js';
import type { AdminEvent } from '../../../src/modules/admin/events/admin-event.js';
import type { DiffReport } from '../../../src/modules/mirror/diff.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { type ServerProcess, startServer } from '../../support/server-process.js';

const program = fileURLToPath(new URL('../../../bin/clustermesh-apiserver', import.meta.url));
const shape = { ...largeCluster, nodes: 3, identities: 50, endpoints: 1000, services: 5 };

describe('events, diff and the command line over a real etcd', () => {
  const kube = new DevApiServer();
  let etcd: TestEtcd;
  let server: ServerProcess;
  beforeAll(async () => {
    const [started] = await Promise.all([startEtcd(), kube.listen()]);
    etcd = started;
    for (const object of new ClusterGenerator(shape).objects()) kube.apply(object);
    const args = [`--k8s-api-server=${kube.url}`, '--enable-external-workloads=false'];
    server = await startServer({ etcd: etcd.endpoint, args });
    await server.waitReady();
  });
  afterAll(async () => {
    await server.kill();
    await kube.close();
    await etcd.stop();
  });

  const events = async (): Promise<AdminEvent[]> =>
    ((await server.admin('GET', '/events')).body as { events: AdminEvent[] }).events;
  const event = (kind: string, text: RegExp): Promise<AdminEvent> =>
    eventually(async () => (await events()).find((one) => one.kind === kind && text.test(one.text)), {
      timeoutMs: 20_000,
      what: `the event ${kind} ${String(text)}`,
    });
  const diff = async (query = ''): Promise<DiffReport> =>
    (await server.admin('GET', `/diff${query}`)).body as DiffReport;
  const cli = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const words = ['admin', ...args, `--address=127.0.0.1:${server.adminPort}`];
      execFile(program, words, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });

  it('tells of the start in the order of its happening', async () => {
    await event('ready', /everything is synchronized/);
    const kinds = (await events()).map(({ kind }) => kind);
    expect(kinds[0]).toBe('started');
    expect(kinds.filter((kind) => kind === 'sync')).toHaveLength(8);
    expect(kinds.indexOf('ready')).toBeGreaterThan(kinds.lastIndexOf('sync'));
  });

  it('makes a handful of events of a thousand changes by somebody else', async () => {
    const before = (await events()).length;
    const prefix = 'cilium/state/ip/v1/default/';
    const deleted = (await etcd.client().list(prefix)).length;
    expect(deleted).toBe(2 * shape.endpoints);
    await etcd.client().deletePrefix(prefix);
    const repaired = async (): Promise<number> =>
      (await events()).filter(({ kind }) => kind === 'drift').reduce((sum, { count }) => sum + count, 0);
    await eventually(async () => (await repaired()) === deleted, {
      timeoutMs: 40_000,
      what: 'all repairs told',
    });
    expect((await events()).length - before).toBeLessThan(10);
    await eventually(async () => (await diff()).equal);
  });

  it('tells of a lost lease, and that its keys are back', async () => {
    for (const lease of await etcd.client().leases()) await etcd.client().revoke(lease);
    const lost = await event('lease', /ended before its time/);
    expect(lost).toMatchObject({ level: 'warning', subject: 'etcd/leases' });
    await event('lease', /stored on living leases again/);
    await eventually(async () => (await diff()).equal);
  });

  it('compares while everything is being repaired, and takes nothing right for wrong afterwards', async () => {
    const client = etcd.client();
    const nodes = await client.list('cilium/state/nodes/');
    await Promise.all([
      ...nodes.map(([key]) => client.delete(key)),
      ...Array.from({ length: 3 }, () => diff()),
    ]);
    await eventually(async () => (await diff()).equal);
    await client.put('cilium/state/nodes/v1/east/foreign', 'theirs');
    expect(await diff('?scope=nodes/v1')).toMatchObject({
      equal: true,
      scopes: [{ scope: 'nodes/v1', counts: { foreign: 1 } }],
      differences: [{ key: 'cilium/state/nodes/v1/east/foreign', kind: 'foreign', storedBytes: 6 }],
    });
    await client.delete('cilium/state/nodes/v1/east/foreign');
  });

  it('answers the command line of the program that ships', async () => {
    expect(await cli('status')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('healthy, ready for'),
    });
    expect(await cli('diff')).toMatchObject({ code: 0, stdout: expect.stringContaining('No difference') });
    expect(await cli('resync', '--scope=nodes/v1')).toMatchObject({ code: 0 });
    const { stdout } = await cli('events', '-o', 'json');
    expect((JSON.parse(stdout) as AdminEvent[]).at(-1)).toMatchObject({
      kind: 'resync',
      text: 'resync of nodes/v1: no difference',
    });
  });

  it('says in every way that etcd is away', async () => {
    await etcd.kill();
    await event('stage', /connected → disconnected/);
    const status = await cli('status');
    expect(status).toMatchObject({ code: 1, stdout: expect.stringContaining('NOT HEALTHY') });
    await etcd.restart();
    await eventually(async () => (await cli('status')).code === 0, { timeoutMs: 40_000, everyMs: 200 });
  });
});
