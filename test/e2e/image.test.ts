import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRootfs, type Rootfs } from '../../scripts/lib/image/build-rootfs.mjs';
import { EtcdAdmin } from '../support/etcd-admin.js';
import { eventually } from '../support/eventually.js';
import type { Container } from '../support/image/container.js';
import type { Volume } from '../support/image/pod.js';
import { StockPod } from '../support/image/stock-pod.js';
import { checkRights } from '../support/image/volumes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = '/usr/bin/clustermesh-apiserver';
const MiB = 1024 * 1024;

/** The pod of Cilium's chart, from the root file system that the release ships. */
describe('the image', () => {
  const work = mkdtempSync(join(tmpdir(), 'image-'));
  const servers = {} as Record<'etcd' | 'apiserver' | 'kvstoremesh', Container>;
  let image: Rootfs;
  let stock: StockPod;

  beforeAll(async () => {
    checkRights();
    image = buildRootfs(root, join(work, 'root'));
    stock = await StockPod.start(join(work, 'root'));
    await stock.kube.client.apply({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumIdentity',
      metadata: { name: '200001' },
      'security-labels': { 'k8s:app': 'echo' },
    });
  });
  afterAll(async () => {
    await stock?.stop();
    await rm(work, { recursive: true, force: true });
  });

  /** A program of the image beside the servers, to its end. */
  async function run(command: readonly string[], volumes: readonly Volume[] = stock.mounts.tool) {
    const container = await stock.pod.start({ command, volumes });
    const { code } = await container.exit;
    const ms = performance.now() - container.startedAt;
    return { code, stdout: container.stdout, stderr: container.stderr, ms };
  }

  /** ms from the start of the process until the first answer, whatever it says. */
  async function firstAnswer(container: Container, port: number): Promise<number> {
    const look = (): Promise<unknown> => stock.pod.get(port, '/readyz');
    await eventually(look, { everyMs: 2, timeoutMs: 30_000, what: `port ${port}` });
    return performance.now() - container.startedAt;
  }

  async function ready(container: Container, port: number): Promise<number> {
    const look = async (): Promise<boolean> => (await stock.pod.get(port, '/readyz')).status === 200;
    await eventually(look, { timeoutMs: 60_000, what: 'Ready' }).catch((error: unknown) => {
      throw new Error(`not ready:\n${container.stderr}`, { cause: error });
    });
    return performance.now() - container.startedAt;
  }

  it('says its version, quickly, and that of the etcd in it', async () => {
    const { code, stdout, ms } = await run([program, 'version']);

    report('version printed', ms);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Cilium ClusterMesh: \d+\.\d+\.\d+ [0-9a-f]{7,} .* linux\/\w+\netcd: 3\.\d+\.\d+ /,
    );
    expect(ms).toBeLessThan(5000);
  });

  it('is not larger than it must be', () => {
    process.stderr.write(`image: ${image.files} files, ${(image.bytes / MiB).toFixed(1)} MiB\n`);

    expect(image.bytes).toBeLessThan(170 * MiB);
  });

  it('runs the pod of the stock chart, read-only, as 65532', { timeout: 180_000 }, async () => {
    const init = await stock.launch('etcd-init');
    const { code } = await init.exit;
    expect({ code, stderr: init.stderr }).toMatchObject({ code: 0 });

    servers.etcd = await stock.launch('etcd');
    servers.apiserver = await stock.launch('apiserver', 'authMode cluster');
    report('apiserver: health port answers', await firstAnswer(servers.apiserver, 9880));
    report('apiserver: ready', await ready(servers.apiserver, 9880));
    servers.kvstoremesh = await stock.launch('kvstoremesh');
    report('kvstoremesh: health port answers', await firstAnswer(servers.kvstoremesh, 9881));
    report('kvstoremesh: ready', await ready(servers.kvstoremesh, 9881));

    expect((await stock.pod.get(9962, '/metrics')).body).toContain('cilium_clustermesh_apiserver_');
    expect((await stock.pod.get(9964, '/metrics')).body).toContain('cilium_kvstoremesh_');
  });

  it('serves a remote cluster by the name in its certificate, read-only', async () => {
    const address = `https://127.0.0.1:${await stock.pod.forward(2379)}`;
    const [remote, stranger] = ['remote-beta', 'stranger'].map(
      (user) => new EtcdAdmin(address, stock.ca, user),
    );

    const prefixes = ['cilium/cluster-config/', 'cilium/state/', 'cilium/cache/'];
    const lists = await Promise.all(prefixes.map((prefix) => remote!.list(prefix)));
    expect(lists.flat().map(([key]) => key)).toEqual(
      expect.arrayContaining([
        'cilium/cluster-config/alpha',
        'cilium/state/identities/v1/id/200001',
        'cilium/cache/services/v1/beta/default/echo',
      ]),
    );
    await expect(remote!.put('cilium/state/nodes/v1/alpha/x', '')).rejects.toThrow(/permission denied/);
    await expect(stranger!.list('cilium/state/')).rejects.toThrow(/permission denied/);
    remote!.close();
    stranger!.close();
  });

  it.each(['etcd', 'apiserver', 'kvstoremesh'] as const)(
    'gives %s no right that it does not need',
    (name) => {
      const lines = servers[name].proc('status').split('\n');
      const status = new Map(lines.map((line) => line.split(':\t') as [string, string]));

      expect(status.get('NSpid')).toMatch(/\t1$/);
      expect(status.get('Uid')).toBe('65532\t65532\t65532\t65532');
      expect(status.get('Gid')).toBe('65532\t65532\t65532\t65532');
      for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb']) expect(status.get(set)).toMatch(/^0+$/);
      expect(status.get('NoNewPrivs')).toBe('1');
      const mounts = servers[name]
        .proc('mountinfo')
        .split('\n')
        .map((line) => line.split(' '));
      const writable = mounts
        .filter(([, , , , , options]) => options?.startsWith('rw'))
        .map((line) => line[4]!);
      expect(writable.filter((at) => at !== '/proc' && !at.startsWith('/dev/'))).toEqual(
        name === 'etcd' ? ['/run/etcd'] : [],
      );
    },
  );

  it('can be written nowhere', async () => {
    const folders = ['/', '/tmp', '/etc', '/usr/bin', '/var/lib/cilium', '/run/etcd', '/dev'];
    const attempt = `for (const folder of ${JSON.stringify(folders)}) {
      try { require('node:fs').writeFileSync(folder + '/x', ''); console.log(folder, 'writable'); }
      catch (error) { console.log(folder, error.code); }
    }`;

    const { stdout } = await run(['/usr/bin/node', '-e', attempt]);

    expect(stdout.split('\n')).toEqual(folders.map((folder) => `${folder} EROFS`));
  });

  it('keeps the limits of V8 that bin/ sets', () => {
    const flags = (container: Container): string[] => container.proc('cmdline').split('\0').slice(0, 3);
    const expected = (young: number, percent: number): string[] => [
      'node',
      `--max-semi-space-size=${young}`,
      `--heap-growing-percent=${percent}`,
    ];

    expect(flags(servers.apiserver)).toEqual(expected(2, 25));
    expect(flags(servers.kvstoremesh)).toEqual(expected(16, 100));
  });

  it('has the tools for people', { timeout: 60_000 }, async () => {
    const status = await run([program, 'kvstoremesh-dbg', 'status']);
    expect(status).toMatchObject({ code: 0 });
    expect(status.stdout).toMatch(/beta: ready, 1 nodes, 1 endpoints, 1 identities, 1 services/);

    const remotes = await run([program, 'kvstoremesh-dbg', 'troubleshoot', 'beta'], stock.mounts.kvstoremesh);
    expect(remotes.stdout).toContain('Etcd connection successfully established');

    const local = await run([program, 'clustermesh-dbg', 'troubleshoot'], stock.mounts.apiserver);
    expect(local.stdout).toContain('Etcd connection successfully established');

    const help = await run([program, '--help']);
    expect(help).toMatchObject({ code: 0 });
    expect(help.stdout).toContain('kvstoremesh');

    const secrets = '/var/lib/cilium/etcd-secrets';
    const tls = [`--cacert=${secrets}/ca.crt`, `--cert=${secrets}/tls.crt`, `--key=${secrets}/tls.key`];
    const users = await run(['/usr/bin/etcdctl', ...tls, 'user', 'list'], stock.mounts.apiserver);
    expect(users.stdout.split('\n')).toContain('remote-beta');
  });

  it('ends with 0 on SIGTERM, as process 1', { timeout: 60_000 }, async () => {
    for (const name of ['kvstoremesh', 'apiserver', 'etcd'] as const) {
      expect({ name, ...(await servers[name].stop()) }).toEqual({ name, code: 0, signal: null });
    }
  });
});

/** Figures that docs/image.md quotes. */
function report(what: string, ms: number): void {
  process.stderr.write(`image: ${what} after ${ms.toFixed(0)} ms\n`);
}
