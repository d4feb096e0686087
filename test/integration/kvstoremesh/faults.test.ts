import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';
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

    const stage = lab.stage('east');
    expect(stage?.lastError?.message).toMatch(/tcp: .*ECONNREFUSED/);
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

  it('survives one that answers garbage instead of etcd', async () => {
    const garbage = await server((socket) => {
      socket.write(Buffer.from('HTTP/1.1 200 OK\r\n\r\n\xff\xfe\x00garbage'.repeat(100), 'latin1'));
    });
    await folder.set('east', endpoints(`http://127.0.0.1:${garbage.port}`));
    await start({ timing: { answerMs: 300 } });
    await inStage('east', 'auth');

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

    const stage = lab.stage('east');
    expect(stage?.counts['faultyEntries']).toBe(3);
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

  it('never connects to a configuration that is none, and says why', async () => {
    const east = await remote({ 'cilium/cluster-config/east': 'hello' });
    await folder.set('east', endpoints(east.endpoint));
    await start();
    await inStage('east', 'config');
    await eventually(() => /JSON/.test(lab.stage('east')?.lastError?.message ?? ''));

    await put(east, clusterKeys('east', 3));
    await ready('east');
    expect((await lab.cluster('east'))?.config?.['cluster-id']).toBe(3);
  });

  it('bounds the attempts to connect of many that flap at once', async () => {
    const flapping = await server((socket) => socket.destroy());
    for (let n = 0; n < 100; n++) await folder.set(`c${n}`, endpoints(`http://127.0.0.1:${flapping.port}`));
    const started = performance.now();
    await start({ timing: { connectsPerSecond: 20 } });
    await eventually(() => flapping.connections() > 60, { timeoutMs: 30_000 });
    const seconds = (performance.now() - started) / 1000;

    const gate = (await lab.status()).stages.find(({ name }) => name === 'remote-connections');
    expect(gate?.counts['maxAttemptsPerSecond']).toBe(20);
    // A burst of one second's worth may come on top; an attempt opens two sockets, one to see the way and one for gRPC.
    expect(gate?.counts['attempts']).toBeLessThanOrEqual(20 * (seconds + 2));
    expect(await lab.metrics()).toMatch(/cilium_kvstoremesh_remote_connection_attempts_total\{[^}]*\} \d+/);
    await ready('west');
  });

  async function server(onConnection: (socket: Socket) => void) {
    let count = 0;
    const sockets = new Set<Socket>();
    const tcp: Server = createServer((socket) => {
      count++;
      sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const stop = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => tcp.close(resolve));
    };
    extra.push({ stop });
    return { port: (tcp.address() as AddressInfo).port, connections: () => count };
  }
});

async function put(etcd: TestEtcd, keys: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, value] of Object.entries(keys)) await etcd.client().put(key, value);
}
