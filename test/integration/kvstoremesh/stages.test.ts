import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';
import { emptyRange, oddEtcd, oddServer } from '../../support/odd-etcd.js';

/** Where each cluster is stuck, or is not: its name says it. */
const stages = {
  a_resolve: 'resolve',
  b_tcp: 'tcp',
  c_tls: 'tls',
  d_auth: 'auth',
  e_heartbeat: 'heartbeat',
  f_config: 'config',
  g_canary: 'syncing',
  h_ready: 'ready',
} as const;

/** A mesh with a cluster in every stage, as `kvstoremesh-dbg status`, /status, /v1/cluster and /metrics show it. */
describe('kvstoremesh with clusters in every stage', () => {
  let local: TestEtcd;
  let remote: TestEtcd;
  let folder: ConfigFolder;
  let lab: MeshLab;
  const extra: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    [local, remote, folder] = await Promise.all([startEtcd(), startEtcd(), ConfigFolder.create()]);
    for (const [key, value] of Object.entries(clusterKeys('h_ready', 3)))
      await remote.client().put(key, value);
    await remote
      .client()
      .put('cilium/cluster-config/g_canary', '{"id":4,"capabilities":{"syncedCanaries":true}}');
    for (const type of ['services', 'identities', 'ip'])
      await remote.client().put(`cilium/synced/g_canary/cilium/state/${type}/v1`, '');
    const noTls = await oddServer((socket) => socket.end('no TLS here\r\n'));
    const silent = await oddServer(() => undefined);
    const withoutWatches = await oddEtcd({ range: emptyRange });
    extra.push(noTls, silent, withoutWatches);
    const files: Record<keyof typeof stages, string> = {
      a_resolve: 'http://no-such-host.invalid:2379',
      b_tcp: 'http://127.0.0.1:1',
      c_tls: `https://127.0.0.1:${noTls.port}`,
      d_auth: `http://127.0.0.1:${silent.port}`,
      e_heartbeat: `http://127.0.0.1:${withoutWatches.port}`,
      f_config: remote.endpoint,
      g_canary: remote.endpoint,
      h_ready: remote.endpoint,
    };
    for (const [name, endpoint] of Object.entries(files)) await folder.set(name, endpoints(endpoint));
    lab = await MeshLab.start({
      local: local.endpoint,
      directory: folder.path,
      timing: { answerMs: 3000 },
      args: ['--per-cluster-ready-timeout=8s'],
    });
    for (const [name, stage] of Object.entries(stages))
      await eventually(() => lab.stage(name)?.state === stage, {
        timeoutMs: 20_000,
        what: `${name} in ${stage}`,
      });
  });

  afterAll(async () => {
    await lab.stop();
    await Promise.all([local.stop(), remote.stop(), folder.delete(), ...extra.map((part) => part.stop())]);
  });

  const dbg = async (...argv: readonly string[]): Promise<string> => {
    const out: string[] = [];
    const stdout = { write: (text: string) => out.push(text) };
    const host = new URL(lab.url('api', '/')).host;
    const code = await runCli({
      argv: ['kvstoremesh-dbg', 'status', '-H', host, ...argv],
      env: {},
      stdout,
      stderr: stdout,
    });
    expect(code).toBe(0);
    return out.join('').replaceAll(/ID: [0-9a-f]+$/gm, 'ID: <id>');
  };

  /** One of them is between two attempts now and then. */
  const expectDbg = async (text: string, ...argv: readonly string[]): Promise<void> => {
    let seen = '';
    const equal = async (): Promise<boolean> => (seen = await dbg(...argv)) === text;
    await eventually(equal).catch(() => expect(seen).toBe(text));
  };

  const waiting = (name: string) =>
    `   ${name}: not-ready, 0 nodes, 0 endpoints, 0 identities, 0 services, 0 reconnections (last: never)
   └  Waiting for initial connection to be established
   └  remote configuration: expected=unknown, retrieved=unknown
   └  synchronization status: nodes=false, endpoints=false, identities=false, services=false
`;
  const connected =
    'etcd: 1/1 connected, leases=0, lock leases=1, has-quorum=true: endpoint status checks are disabled, ID: <id>';
  const configless = (name: string) =>
    `   ${name}: not-ready, 0 nodes, 0 endpoints, 0 identities, 0 services, 0 reconnections (last: never)
   └  ${connected}
   └  remote configuration: expected=true, retrieved=false
   └  synchronization status: nodes=false, endpoints=false, identities=false, services=false
`;
  const others =
    ['a_resolve', 'b_tcp', 'c_tls', 'd_auth'].map(waiting).join('') +
    ['e_heartbeat', 'f_config'].map(configless).join('') +
    // Identities and addresses name no cluster: those in this etcd are everybody's.
    `   g_canary: not-ready, 0 nodes, 1 endpoints, 1 identities, 0 services, 0 reconnections (last: never)
   └  ${connected}
   └  remote configuration: expected=true, retrieved=true, cluster-id=4, kvstoremesh=false, sync-canaries=true
   └  synchronization status: nodes=false, endpoints=true, identities=true, services=true
   h_ready: ready, 1 nodes, 1 endpoints, 1 identities, 1 services, 0 reconnections (last: never)
`;

  it('shows them by kvstoremesh-dbg status in the words of the original', async () => {
    await expectDbg(`KVStoreMesh:\t1/8 remote clusters ready\n${others}`);
    await expectDbg(
      `KVStoreMesh:\t1/8 remote clusters ready\n${others}   └  ${connected}
   └  remote configuration: expected=true, retrieved=true, cluster-id=3, kvstoremesh=false, sync-canaries=true
   └  synchronization status: nodes=true, endpoints=true, identities=true, services=true
`,
      '--verbose',
    );
  });

  it('gives the answer of the API in the other formats', async () => {
    const { status: _, ...first } = (await lab.clusters())[7]!;

    expect((JSON.parse(await dbg('-o', 'json')) as object[])[7]).toMatchObject(first);
    expect(await dbg('-o', 'jsonpath={[*].name}')).toBe(`${Object.keys(stages).join(' ')}\n`);
    expect(await dbg('-o', 'yaml')).toMatch(
      /- config:\n {4}clusterid: 3\n {4}kvstoremesh: false\n {4}required: true\n {4}retrieved: true\n {4}synccanaries: true\n {2}connected: true\n/,
    );
  });

  it('names in /status the stage of each, since when, its last error, and which type waits for what', async () => {
    const says: Partial<Record<string, RegExp>> = {
      a_resolve: /resolve: /,
      b_tcp: /tcp: .*ECONNREFUSED/,
      c_tls: /tls: /,
      d_auth: /auth: /,
      e_heartbeat: /no watch could be opened within 3000 ms/,
      f_config: /not found/,
    };
    for (const [name, text] of Object.entries(says))
      await eventually(() => text?.test(lab.stage(name)?.lastError?.message ?? ''), {
        timeoutMs: 20_000,
        what: name,
      });
    const { stages: all } = await lab.status();
    const of = (name: string) => all.find((stage) => stage.name === `remote/${name}`);
    const earliest = Date.now() - 60_000;

    for (const [name, stage] of Object.entries(stages)) {
      expect(of(name)).toMatchObject({ state: stage, healthy: stage === 'ready' });
      expect(of(name)?.since).toBeGreaterThan(earliest);
      if (!says[name]) continue;
      expect(of(name)?.lastError?.at).toBeGreaterThan(earliest);
      expect(of(name)?.details?.[`lastError.${stage}`]).toMatch(says[name]);
    }
    expect(of('g_canary')?.details).toMatchObject({
      nodes: 'waiting for the canary',
      services: 'watching',
      identities: 'watching',
      ip: 'watching',
    });
    expect(Date.parse(String(of('g_canary')?.details?.['nodesSince']))).toBeGreaterThan(earliest);
  });

  it('holds back readiness by the one that has connected and waits for a canary, alone', async () => {
    const waitingFor = (): Promise<string> =>
      fetch(lab.url('admin', '/status'))
        .then((answer) => answer.json() as Promise<{ waitingFor: { scope: string; waitingFor: string }[] }>)
        .then((status) => status.waitingFor.map(({ scope, waitingFor: what }) => `${scope}: ${what}`).join());
    await eventually(async () => (await waitingFor()) === 'remote/g_canary: stage syncing', {
      timeoutMs: 20_000,
      what: 'one cluster left',
    });

    expect(await lab.readyz()).toEqual([500, 'NotReady']);
  });

  it('repairs what somebody else does to the copies although one cluster keeps it from being ready', async () => {
    const key = 'cilium/cache/nodes/v1/h_ready/n1';
    const before = await local.client().get(key);
    expect(before).toBeDefined();
    await local.client().delete(key);
    await eventually(async () => (await local.client().get(key)) === before, { what: 'the copy' });

    await local.client().put(key, 'forged');
    await eventually(async () => (await local.client().get(key)) === before, { what: 'the right copy' });
    expect(await lab.readyz()).toEqual([500, 'NotReady']);
  });

  it('shows in the metrics who is ready in the sense of the original: whose configuration is known', async () => {
    const metrics = await lab.metrics();
    const status = (name: string) =>
      new RegExp(`remote_cluster_readiness_status\\{.*target_cluster="${name}"\\} (\\d)`).exec(metrics)?.[1];

    expect(Object.keys(stages).map(status).join('')).toBe('00000011');
    for (const [cluster, type, action, value] of [
      ['g_canary', 'nodes', 'read', 0],
      ['g_canary', 'ip', 'read', 1],
      ['f_config', 'ip', 'read', 0],
      ['h_ready', 'nodes', 'read', 1],
      ['g_canary', 'nodes', 'write', 0],
      ['h_ready', 'nodes', 'write', 1],
    ] as const)
      expect(metrics).toContain(
        `kvstore_initial_sync_completed{scope="${type}/v1",source_cluster="${cluster}",action="${action}"} ${value}\n`,
      );
  });

  it('shows when and how often a connection was lost', async () => {
    await remote.kill();
    await eventually(async () => (await lab.cluster('h_ready'))?.['num-failures'], { timeoutMs: 20_000 });

    expect(await dbg()).toMatch(
      / {3}h_ready: not-ready, 1 nodes, 1 endpoints, 1 identities, 1 services, 1 reconnections \(last: \d+s ago\)\n {3}└ {2}Waiting for initial connection/,
    );
  });
});
