import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KeyPair, TestCa } from '../../support/certs.js';
import { eventually } from '../../support/eventually.js';
import { type LabCluster, PeerLab } from '../../support/peer-lab.js';

type Identity = Pick<LabCluster, 'ca' | 'client' | 'server'>;

let common: Identity;
let foreign: Identity;
let lab: PeerLab;

async function identity(name: string): Promise<Identity> {
  const ca = await TestCa.create(name);
  return {
    ca,
    client: await ca.issue('remote'),
    server: await ca.issue('clustermesh-apiserver.cilium.io', ['*.mesh.cilium.io']),
  };
}

beforeAll(async () => {
  common = await identity('common');
  foreign = await identity('foreign');
});

beforeEach(async () => {
  lab = new PeerLab(await mkdtemp(join(tmpdir(), 'peering-')));
});

afterEach(async () => {
  await lab.close();
  await rm(lab.folder, { recursive: true, force: true });
});

/** No base64 of one either. */
function keysIn(text: string): string[] {
  const keys = [common, foreign].flatMap(({ client, server }) =>
    [client, server].map(({ key }: KeyPair) => key),
  );
  const body = (key: string): string => key.split('\n')[1] ?? key;
  return keys.filter((key) => text.includes(body(key)) || text.includes(Buffer.from(key).toString('base64')));
}

const connectBoth = ['connect', '--context', 'ctx-alpha', '--destination-context', 'ctx-beta'];
const cacheFile = [
  'endpoints:',
  '- https://clustermesh-apiserver.kube-system.svc:2379',
  'trusted-ca-file: /var/lib/cilium/clustermesh/common-etcd-client-ca.crt',
  'key-file: /var/lib/cilium/clustermesh/common-etcd-client.key',
  'cert-file: /var/lib/cilium/clustermesh/common-etcd-client.crt',
].join('\n');
const directFile = cacheFile.replace(/- https.*/, '- https://127.0.0.1:32379');

async function two(beta: Partial<LabCluster> = {}): Promise<void> {
  await lab.add({ name: 'alpha', id: 1, ...common });
  await lab.add({ name: 'beta', id: 2, ...common, ...beta });
}

describe('connect', () => {
  it('writes both secrets of both clusters as the chart would, and nothing the second time', async () => {
    await two();

    const { code, stdout, stderr } = await lab.run(connectBoth);
    const writes = lab.writes();

    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout).toContain('Found ClusterMesh service addresses: [127.0.0.1:32379]');
    expect(stdout).toMatch(/✅ Connected cluster ctx-alpha <=> ctx-beta!\n$/);
    expect(lab.secret('alpha', 'cilium-kvstoremesh')).toEqual({ beta: directFile });
    expect(lab.secret('alpha', 'cilium-clustermesh')).toEqual({ beta: cacheFile });
    expect(lab.secret('beta', 'cilium-kvstoremesh')).toEqual({ alpha: directFile });
    expect(lab.secret('beta', 'cilium-clustermesh')).toEqual({ alpha: cacheFile });
    expect((await lab.run(connectBoth)).code).toBe(0);
    expect(lab.writes()).toEqual(writes);
  });

  it('gives a certificate of the other cluster when the authorities differ, and keeps other peers', async () => {
    await two(foreign);
    lab.putSecret('alpha', 'cilium-kvstoremesh', { gamma: directFile });

    const { stdout } = await lab.run(connectBoth);

    expect(stdout).toContain('CA certificates of alpha and beta do not match');
    expect(lab.secret('alpha', 'cilium-kvstoremesh')).toEqual({
      gamma: directFile,
      beta: directFile.replaceAll('common-etcd', 'beta.etcd'),
      'beta.etcd-client-ca.crt': foreign.ca.cert,
      'beta.etcd-client.key': foreign.client.key,
      'beta.etcd-client.crt': foreign.client.cert,
    });
    expect(lab.secret('alpha', 'cilium-clustermesh')).toEqual({ beta: cacheFile });
    expect(keysIn(lab.printed)).toEqual([]);
  });

  it('uses the name in the mesh domain where the certificate does not cover the node, and leads it there', async () => {
    await two({ nodeIp: 'fd00::2' });

    await lab.run([...connectBoth, '--connection-mode=unicast']);

    expect(lab.secret('alpha', 'cilium-kvstoremesh')?.['beta']).toContain(
      '- https://beta.mesh.cilium.io:32379\n',
    );
    expect(lab.aliases('alpha')).toEqual([{ ip: 'fd00::2', hostnames: ['beta.mesh.cilium.io'] }]);
    expect(lab.secret('beta', 'cilium-kvstoremesh')).toBeUndefined();
    await lab.run(['disconnect', '--destination-context=ctx-beta', '--connection-mode=unicast']);
    expect(lab.aliases('alpha')).toBeUndefined();
  });

  it('takes given endpoints, IPv6 in brackets', async () => {
    await two();

    await lab.run([...connectBoth, '--destination-endpoint=[::1]:2379', '--source-endpoint=localhost:2380']);

    expect(lab.secret('alpha', 'cilium-kvstoremesh')?.['beta']).toContain('\n- https://[::1]:2379\n');
    expect(lab.secret('beta', 'cilium-kvstoremesh')?.['alpha']).toContain('\n- https://localhost:2380\n');
  });

  it('connects each with each', async () => {
    await two();
    await lab.add({ name: 'gamma', id: 3, kvstoremesh: false, ...common });

    const { stdout } = await lab.run([
      ...connectBoth.slice(0, 4),
      'ctx-beta,ctx-gamma',
      '--connection-mode',
      'mesh',
    ]);

    expect(stdout).toContain('✅ Connected clusters ctx-beta, ctx-gamma, and ctx-alpha!');
    expect(Object.keys(lab.secret('beta', 'cilium-kvstoremesh') ?? {})).toEqual(['alpha', 'gamma']);
    expect(lab.secret('gamma', 'cilium-clustermesh')).toEqual({ alpha: directFile, beta: directFile });
    expect(lab.secret('gamma', 'cilium-kvstoremesh')).toBeUndefined();
  });

  const refusals: [what: string, beta: Partial<LabCluster>, text: string][] = [
    ['the same number', { id: 1 }, 'cluster-id of both alpha and beta is 1'],
    ['number 0', { id: 0 }, 'cluster-id of beta is 0: expected 1..255'],
    [
      'another limit',
      { maxConnectedClusters: 511 },
      'max-connected-clusters of alpha and beta is 255 and 511',
    ],
  ];
  for (const [what, beta, text] of refusals) {
    it(`refuses ${what} before it writes`, async () => {
      await two(beta);

      const { code, stderr } = await lab.run(connectBoth);

      expect(code).toBe(1);
      expect(stderr).toContain(text);
      expect(lab.writes()).toEqual([]);
    });
  }

  it('takes everything back when a write fails', async () => {
    await two();
    lab.putSecret('alpha', 'cilium-clustermesh', { gamma: directFile });
    lab.servers.get('beta')?.faults.fail({ method: 'POST', path: 'secrets' }, { status: 403 });

    const { code, stdout, stderr } = await lab.run(connectBoth);

    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^\nError: unable to write secret cilium-kvstoremesh in cluster ctx-beta: .*taken back\n$/,
    );
    expect(stdout).not.toContain('Connected');
    expect(lab.secret('alpha', 'cilium-kvstoremesh')).toBeUndefined();
    expect(lab.secret('alpha', 'cilium-clustermesh')).toEqual({ gamma: directFile });
    expect(lab.secret('beta', 'cilium-clustermesh')).toBeUndefined();
  });

  it('says which contexts there are', async () => {
    await two();

    const { code, stderr } = await lab.run(['connect', '--destination-context=nope']);

    expect(code).toBe(1);
    expect(stderr).toContain('there is no context "nope"; expected one of ctx-alpha, ctx-beta');
  });
});

describe('disconnect', () => {
  it('takes a peer away on both sides and leaves the others', async () => {
    await two(foreign);
    await lab.run(connectBoth);
    lab.putSecret('alpha', 'cilium-clustermesh', {
      ...lab.secret('alpha', 'cilium-clustermesh'),
      gamma: cacheFile,
    });

    const { code, stdout } = await lab.run(['disconnect', ...connectBoth.slice(1)]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/✅ Disconnected clusters ctx-alpha <x> ctx-beta!\n$/);
    expect(lab.secret('alpha', 'cilium-clustermesh')).toEqual({ gamma: cacheFile });
    expect(lab.secret('alpha', 'cilium-kvstoremesh')).toEqual({});
    expect(lab.secret('beta', 'cilium-kvstoremesh')).toEqual({});
  });

  it('takes a cluster away that is gone', async () => {
    await two();
    await lab.run(connectBoth);

    await lab.run(['disconnect', '--destination-name=beta']);

    expect(lab.secret('alpha', 'cilium-clustermesh')).toEqual({});
  });
});

describe('secret', () => {
  it('goes from extract to import, beside what was imported before', async () => {
    await two(foreign);
    lab.putSecret('alpha', 'cilium-clustermesh', { gamma: cacheFile });
    const file = join(lab.folder, 'beta.json');
    await writeFile(file, 'old', { mode: 0o644 });

    const extracted = await lab.run(['secret', 'extract', '--context=ctx-beta', '-o', file], true);
    const imported = await lab.run(['secret', 'import', file]);

    expect([extracted.code, extracted.stdout, imported.stderr, imported.code]).toEqual([0, '', '', 0]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(lab.secret('alpha', 'cilium-clustermesh')).toEqual({ gamma: cacheFile, beta: cacheFile });
    expect(lab.secret('alpha', 'cilium-kvstoremesh')).toEqual({
      beta: [
        'endpoints:',
        '- https://127.0.0.1:32379',
        "trusted-ca-file: '/var/lib/cilium/clustermesh/beta-ca.crt'",
        "cert-file: '/var/lib/cilium/clustermesh/beta.crt'",
        "key-file: '/var/lib/cilium/clustermesh/beta.key'",
        '',
      ].join('\n'),
      'beta-ca.crt': foreign.ca.cert,
      'beta.crt': foreign.client.cert,
      'beta.key': foreign.client.key,
    });
    expect(keysIn(lab.printed)).toEqual([]);
  });

  it('is not shown on a terminal unless asked for', async () => {
    await two();

    const refused = await lab.run(['secret', 'extract'], true);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('give --output FILE');

    expect(keysIn((await lab.run(['secret', 'extract'])).stdout)).toHaveLength(1);
    expect(keysIn((await lab.run(['secret', 'extract', '-o', '-'], true)).stdout)).toHaveLength(1);
  });

  it('warns of an address that clients will refuse', async () => {
    await two({ nodeIp: '192.0.2.1' });

    const { stdout, stderr } = await lab.run(['secret', 'extract', '--context=ctx-beta']);

    expect(stderr).toContain('does not cover 192.0.2.1');
    expect(JSON.parse(stdout)).toMatchObject({ metadata: { name: 'cilium-clustermesh' } });
  });

  it('refuses a file that is no secret, without showing it', async () => {
    await two();
    const file = join(lab.folder, 'bad.json');
    await writeFile(
      file,
      JSON.stringify({
        kind: 'Secret',
        data: { beta: Buffer.from(directFile.replaceAll('common-', 'x-')).toString('base64') },
      }),
    );

    const { code, stderr } = await lab.run(['secret', 'import', file]);

    expect(code).toBe(1);
    expect(stderr).toContain(`${file}: data.beta names the file x-etcd-client-ca.crt, which is no key`);
    expect(lab.writes()).toEqual([]);
    expect((await lab.run(['secret', 'import', join(lab.folder, 'none')])).code).toBe(1);
  });
});

describe('status', () => {
  it('shows what is connected, in both forms, without a key', async () => {
    await two();
    await lab.run(connectBoth);

    const text = await lab.run(['status', '--context=ctx-alpha']);
    const json = await lab.run(['status', '--context=ctx-alpha,ctx-beta', '-o', 'json', '--wait']);

    expect([text.stderr, text.code]).toEqual(['', 0]);
    expect(text.stdout).toContain(
      '✅ Deployment clustermesh-apiserver is ready\nℹ️  KVStoreMesh is enabled\n',
    );
    expect(text.stdout).toMatch(/clustermesh-apiserver-remote-cert: [12] days left/);
    expect(text.stdout).toContain('🔌 Cluster Connections:\n  - beta: configured, connection unknown\n');
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({
      clusters: [
        { name: 'alpha', id: 1, connections: { source: 'config', clusters: { beta: { configured: true } } } },
        { name: 'beta', service: { type: 'NodePort', endpoints: [{ address: '127.0.0.1:32379' }] } },
      ],
    });
    expect(lab.printed).not.toMatch(/PRIVATE KEY/);
    expect(keysIn(lab.printed)).toEqual([]);
  });

  it('fails while something is wrong, and --wait waits until it is not', async () => {
    await two();
    const server = lab.servers.get('alpha');
    const ref = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'clustermesh-apiserver', namespace: 'kube-system' },
    };
    const ready = server?.get(ref);
    if (!server || !ready) throw new Error('no deployment');
    server.apply({
      ...ready,
      status: {
        replicas: 1,
        readyReplicas: 0,
        availableReplicas: 0,
        updatedReplicas: 1,
        observedGeneration: 9,
      },
    } as typeof ready);

    const once = await lab.run(['status']);
    const late = await lab.run(['status', '--wait', '--wait-duration=1s']);
    const seen = server.requestLog.length;
    const waiting = lab.run(['status', '--wait']);
    await eventually(() =>
      server.requestLog.slice(seen).some(({ path }) => path.endsWith('/cilium-clustermesh')),
    );
    server.apply(ready);

    expect([once.code, late.code, (await waiting).code]).toEqual([1, 1, 0]);
    expect((await waiting).stderr).toContain(
      '⌛ Waiting (0s) for ctx-alpha: deployment clustermesh-apiserver is not ready',
    );
    expect(once.stdout).toContain(
      'deployment clustermesh-apiserver is not ready: availableReplicas is 0, expected 1',
    );
  });
});
