import type { Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';
import { recordingLog, type LogLine } from '../../support/recording-log.js';
import { oddServer, type OddServer } from '../../support/odd-etcd.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

/** Remote clusters that misbehave, each beside a healthy one that must not notice. */
describe('kvstoremesh with a faulty remote cluster', () => {
  let local: TestEtcd;
  let healthy: TestEtcd;
  let folder: ConfigFolder;
  let lab: MeshLab;
  const extra: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    healthy = await startEtcd();
    await put(healthy, clusterKeys('west', 4));
  });

  afterAll(async () => {
    await healthy.stop();
  });

  beforeEach(async () => {
    [local, folder] = await Promise.all([startEtcd(), ConfigFolder.create()]);
    await folder.set('west', endpoints(healthy.endpoint));
  });

  afterEach(async () => {
    await lab.stop();
    await Promise.all([local.stop(), folder.delete(), ...extra.splice(0).map((part) => part.stop())]);
  });

  const remote = async (
    keys: Readonly<Record<string, string>> = clusterKeys('east', 3),
  ): Promise<TestEtcd> => {
    const etcd = await startEtcd();
    extra.push(etcd);
    await put(etcd, keys);
    return etcd;
  };
  const start = async (options: Partial<Parameters<typeof MeshLab.start>[0]> = {}): Promise<void> => {
    lab = await MeshLab.start({ local: local.endpoint, directory: folder.path, ...options });
  };
  const ready = (name: string) =>
    eventually(async () => (await lab.cluster(name))?.ready, { timeoutMs: 20_000, what: `${name} ready` });
  const inStage = (name: string, state: string) =>
    eventually(() => lab.stage(name)?.state === state, { timeoutMs: 20_000, what: `${name} in ${state}` });
  const copy = (key: string) => local.client().get(key);
  /** A change of the healthy cluster arrives although another is stuck. */
  const expectUnharmed = async (): Promise<void> => {
    const value = String(Math.random());
    const started = performance.now();
    await healthy.client().put('cilium/state/nodes/v1/west/n9', value);
    await eventually(async () => (await copy('cilium/cache/nodes/v1/west/n9')) === value);
    expect(performance.now() - started).toBeLessThan(2000);
  };

  it('keeps the cache of one that dies, names the stage, and catches up when it is back', async () => {
    const east = await remote();
    await folder.set('east', endpoints(east.endpoint));
    await start();
    await ready('east');
    await east.kill();
    await inStage('east', 'tcp');

    await eventually(() => /tcp: .*ECONNREFUSED/.test(lab.stage('east')?.lastError?.message ?? ''));
    const stage = lab.stage('east');
    expect(stage?.counts['cacheAgeMs']).toBeGreaterThan(0);
    expect(await copy('cilium/cache/nodes/v1/east/n1')).toBeDefined();
    await expectUnharmed();
    await east.restart();
    await east.client().delete('cilium/state/nodes/v1/east/n1');
    await ready('east');
    await eventually(async () => (await copy('cilium/cache/nodes/v1/east/n1')) === undefined);
    expect(lab.stage('east')?.counts['cacheAgeMs']).toBe(0);
  });

  it('keeps the cache of one that comes back empty, until its own lists are complete', async () => {
    const east = await remote();
    await folder.set('east', endpoints(east.endpoint));
    await start();
    await ready('east');
    await east.kill();
    await rm(east.dataDir, { recursive: true, force: true });
    await east.restart();
    await inStage('east', 'config');

    expect(await copy('cilium/cache/ip/v1/east/10.3.0.5')).toBeDefined();
    const { 'cilium/state/ip/v1/default/10.3.0.5': _, ...rest } = clusterKeys('east', 3);
    await put(east, rest);
    await ready('east');
    await eventually(async () => (await copy('cilium/cache/ip/v1/east/10.3.0.5')) === undefined);
    expect(await copy('cilium/cache/nodes/v1/east/n1')).toBeDefined();
    await expectUnharmed();
  });

  it('lists anew when another etcd cluster answers behind the same address', async () => {
    const first = await remote();
    const second = await startEtcd({ args: ['--initial-cluster-token=other'] });
    extra.push(second);
    await put(second, { ...clusterKeys('east', 3), 'cilium/state/nodes/v1/east/n2': '{}' });
    await second.client().delete('cilium/state/nodes/v1/east/n1');
    const proxy = await TcpProxy.start(first.clientPort);
    extra.push(proxy);
    await folder.set('east', endpoints(`http://127.0.0.1:${proxy.port}`));
    await start();
    await ready('east');
    const id = lab.stage('east')?.details?.['etcdClusterId'];

    proxy.retarget(second.clientPort);
    proxy.cut({ refuse: false });

    await eventually(async () => (await copy('cilium/cache/nodes/v1/east/n2')) === '{}', {
      timeoutMs: 20_000,
    });
    await eventually(async () => (await copy('cilium/cache/nodes/v1/east/n1')) === undefined);
    expect(lab.stage('east')?.details?.['etcdClusterId']).not.toBe(id);
  });

  it('gives up a connection on which nothing comes any more, at the heartbeat limit', async () => {
    const east = await remote();
    const proxy = await TcpProxy.start(east.clientPort);
    extra.push(proxy);
    await folder.set('east', endpoints(`http://127.0.0.1:${proxy.port}`));
    await start({ timing: { heartbeatMs: 1500, answerMs: 500 } });
    await ready('east');
    proxy.pause();
    await eventually(() => (lab.stage('east')?.counts['failures'] ?? 0) > 0, { what: 'a failure' });
    await inStage('east', 'auth');

    expect(await copy('cilium/cache/nodes/v1/east/n1')).toBeDefined();
    await expectUnharmed();
    proxy.resume();
    proxy.cut({ refuse: false });
    await ready('east');
  });

  it('waits in the stage auth for one that accepts and says nothing', async () => {
    const silent = await server(() => undefined);
    await folder.set('east', endpoints(`http://127.0.0.1:${silent.port}`));
    await start({ timing: { answerMs: 300 } });
    await inStage('east', 'auth');
    await eventually(() => (lab.stage('east')?.counts['attempts'] ?? 0) > 2);

    const { since, lastError } = lab.stage('east')!;
    expect(lastError?.message).toMatch(/auth: /);
    await eventually(() => (lab.stage('east')?.counts['attempts'] ?? 0) > 3);
    expect(lab.stage('east')?.since).toBe(since);
    await ready('west');
    await expectUnharmed();
  });

  it('copies garbage values byte for byte, counts what agents will skip, and says what is wrong with the cluster', async () => {
    const east = await remote({
      ...clusterKeys('east', 100),
      'cilium/state/nodes/v1/east/n1': 'no json',
      'cilium/state/services/v1/east/default/echo': '[]',
      'cilium/state/identities/v1/id/7': 'k8s:a=b;',
    });
    await folder.set('east', endpoints(east.endpoint));
    await folder.set('south', endpoints(east.endpoint));
    await east.client().put('cilium/cluster-config/south', '{"ID":4}');
    await start();
    await ready('east');
    await ready('south');
    await ready('west');
    await eventually(async () => (await copy('cilium/cache/nodes/v1/east/n1')) === 'no json');

    await eventually(() => lab.stage('east')?.counts['faultyEntries'] === 3, {
      what: 'the faulty entries to be counted',
    });
    const stage = lab.stage('east');
    expect(stage?.details?.['warnings']).toMatch(/cluster ID 100 is our own/);
    expect(lab.stage('south')?.details?.['warnings']).toMatch(/cluster ID 4 is also that of west/);
    await east
      .client()
      .put(
        'cilium/state/services/v1/east/default/echo',
        clusterKeys('east', 100)['cilium/state/services/v1/east/default/echo']!,
      );
    await eventually(() => lab.stage('east')?.counts['faultyEntries'] === 2);
  });

  it('bounds the connections of 100 with five endpoints each that flap at once, and shows them', async () => {
    const flapping = await server((socket) => socket.destroy());
    const five = endpoints(...Array<string>(5).fill(`http://127.0.0.1:${flapping.port}`));
    for (let n = 0; n < 100; n++) await folder.set(`c${n}`, five);
    const began = performance.now();
    await start({ timing: { connectsPerSecond: 20 } });
    await ready('west');
    await eventually(() => flapping.sockets.length > 180, { timeoutMs: 30_000 });

    // A burst of one second's worth may come on top.
    const allowed = (until: number): number => 20 * (1 + (until - began) / 1000);
    for (const [before, at] of flapping.sockets.entries()) expect(before).toBeLessThanOrEqual(allowed(at));
    const gate = (await lab.status()).stages.find(({ name }) => name === 'remote-connections');
    expect(gate?.state).toBe('limiting');
    expect(gate?.counts['maxAttemptsPerSecond']).toBe(20);
    expect(gate?.counts['waitingClusters']).toBeGreaterThan(0);
    expect(gate?.counts['attemptsInLastMinute']).toBe(gate?.counts['attempts']);
    expect(gate?.counts['attempts']).toBeLessThanOrEqual(allowed(performance.now()));
    // What is counted is what came, but for the two of west and what is under way.
    expect(Math.abs(flapping.sockets.length + 2 - (gate?.counts['attempts'] ?? 0))).toBeLessThan(10);
    const metrics = await lab.metrics();
    const labels = '{source_cluster="local",source_node_name=""}';
    expect(metrics).toContain(`cilium_kvstoremesh_remote_connection_attempts_limit${labels} 20\n`);
    const total = new RegExp(`remote_connection_attempts_total\\${labels} (\\d+)`).exec(metrics)?.[1];
    expect(Number(total)).toBeGreaterThan(180);
    await expectUnharmed();
  });

  it('calls less and less often on one that lets us in and breaks off at once', async () => {
    const east = await remote();
    const proxy = await TcpProxy.start(east.clientPort);
    extra.push(proxy);
    await folder.set('east', endpoints(`http://127.0.0.1:${proxy.port}`));
    // The longest pauses: 0.6 s, then 1.8 s.
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.999);
    const lines: LogLine[] = [];
    await start({ log: recordingLog(lines) });
    const pauses: number[] = [];
    for (let n = 1; n <= 2; n++) {
      await ready('east');
      proxy.cut({ refuse: false });
      await eventually(() => lab.stage('east')?.counts['failures'] === n);
      const lost = performance.now();
      await eventually(() => lab.stage('east')?.counts['attempts'] === n + 1);
      pauses.push(performance.now() - lost);
    }

    random.mockRestore();
    expect(pauses[0]).toBeLessThan(1500);
    expect(pauses[1]).toBeGreaterThan(1500);
    const told = lines.filter(({ message }) => message.includes('was lost, reconnecting'));
    const reasons = told.map(({ fields }) => (fields['error'] as Error).message);
    expect(reasons).not.toEqual([]);
    expect(new Set(reasons).size).toBe(reasons.length);
  });

  async function server(onSocket: (socket: Socket) => void): Promise<OddServer> {
    const odd = await oddServer(onSocket);
    extra.push(odd);
    return odd;
  }
});

async function put(etcd: TestEtcd, keys: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, value] of Object.entries(keys)) await etcd.client().put(key, value);
}
