import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints } from '../../support/mesh-lab.js';
import { resettingEtcd } from '../../support/odd-etcd.js';
import { type ServerProcess, startServer } from '../../support/server-process.js';

const remotes = 4;

/** In a process of its own: what is tested for would freeze a process in native code, where no timeout helps. */
describe('kvstoremesh with remote clusters that reset watch streams', () => {
  let local: TestEtcd;
  let healthy: TestEtcd;
  let folder: ConfigFolder;
  let server: ServerProcess;
  let faulty: Awaited<ReturnType<typeof resettingEtcd>>[];

  beforeAll(async () => {
    [local, healthy, folder] = await Promise.all([startEtcd(), startEtcd(), ConfigFolder.create()]);
    for (const [key, value] of Object.entries(clusterKeys('west', 4))) await healthy.client().put(key, value);
    await folder.set('west', endpoints(healthy.endpoint));
    faulty = await Promise.all(Array.from({ length: remotes }, (_, n) => resettingEtcd(`c${n}`)));
    for (const [n, { port }] of faulty.entries())
      await folder.set(`c${n}`, endpoints(`http://127.0.0.1:${port}`));
    server = await startServer({
      command: 'kvstoremesh',
      etcd: local.endpoint,
      args: [
        `--clustermesh-config=${folder.path}`,
        '--kvstore-opt=etcd.qps=1000',
        '--api-serve-addr=127.0.0.1:0',
      ],
    });
  });

  afterAll(async () => {
    await server.kill();
    await Promise.all([local.stop(), healthy.stop(), folder.delete(), ...faulty.map((part) => part.stop())]);
  });

  it('goes on serving the others, and ends when it is told to', async () => {
    for (const { resets } of faulty)
      await eventually(() => resets() >= 5, { timeoutMs: 20_000, what: 'five resets of each' });

    const value = String(Math.random());
    await healthy.client().put('cilium/state/nodes/v1/west/n9', value);
    await eventually(async () => (await local.client().get('cilium/cache/nodes/v1/west/n9')) === value);
    expect((await server.stop()).code).toBe(0);
  });
});
