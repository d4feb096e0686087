import { writeFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCa } from '../../support/certs.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';

/** The remote etcd as etcdinit makes it: TLS, users by certificate, `remote` with its smallest rights (spec/kvstoremesh.md §15.1). */
describe('kvstoremesh with TLS and users', () => {
  let ca: TestCa;
  let remote: TestEtcd;
  let local: TestEtcd;
  let folder: ConfigFolder;
  let certificates: string;
  let lab: MeshLab;

  beforeAll(async () => {
    ca = await TestCa.create();
    [remote, local, folder] = await Promise.all([startEtcd({ tls: ca }), startEtcd(), ConfigFolder.create()]);
    certificates = await mkdtemp(join(tmpdir(), 'mesh-certs-'));
    for (const [key, value] of Object.entries(clusterKeys('east', 3))) await remote.client().put(key, value);
    await restrict(remote);
    for (const name of ['remote', 'stranger']) {
      const pair = await ca.issue(name);
      await writeFile(join(certificates, `${name}.crt`), pair.cert);
      await writeFile(join(certificates, `${name}.key`), pair.key);
    }
    await writeFile(join(certificates, 'ca.crt'), ca.cert);
    await writeFile(join(certificates, 'other-ca.crt'), (await TestCa.create('other')).cert);
    lab = await MeshLab.start({ local: local.endpoint, directory: folder.path });
  });

  afterAll(async () => {
    await lab.stop();
    await Promise.all([remote.stop(), local.stop(), folder.delete(), rm(certificates, { recursive: true })]);
  });

  const configure = (user: string, authority = 'ca.crt'): Promise<void> =>
    folder.set(
      'east',
      `${endpoints(remote.endpoint)}trusted-ca-file: ${certificates}/${authority}\ncert-file: ${certificates}/${user}.crt\nkey-file: ${certificates}/${user}.key\n`,
    );
  const stuck = (state: string, says: RegExp) =>
    eventually(
      () => lab.stage('east')?.state === state && says.test(lab.stage('east')?.lastError?.message ?? ''),
      { timeoutMs: 15_000, what: `stage ${state}` },
    );

  it('names an authority that did not sign the server', async () => {
    await configure('remote', 'other-ca.crt');
    await stuck('tls', /tls: .*(self-signed|certificate)/);

    expect(await lab.cluster('east')).not.toHaveProperty('connected');
  });

  it('names a user without rights: the configuration cannot be read', async () => {
    await configure('stranger');
    await stuck('config', /permission denied/);

    expect((await lab.cluster('east'))?.config).toEqual({ required: true });
  });

  it('copies with the rights of `remote` alone, and leaves nothing in the remote etcd', async () => {
    const { kv } = await remote.client().etcd3();
    const before = (await kv.range({ key: Buffer.from('cilium/.heartbeat') })).header.revision;
    const leases = await remote.client().leases();
    await configure('remote');
    await eventually(async () => (await lab.cluster('east'))?.ready, { timeoutMs: 15_000 });
    await eventually(async () => (await local.client().list('cilium/cache/')).length === 4);

    expect((await kv.range({ key: Buffer.from('cilium/.heartbeat') })).header.revision).toBe(before);
    expect(await remote.client().leases()).toEqual(leases);
  });
});

async function restrict(etcd: TestEtcd): Promise<void> {
  const { auth } = await etcd.client().etcd3();
  const bytes = (text: string): Buffer => Buffer.from(text);
  const ranges = [
    ['cilium/.heartbeat', 'cilium/.heartbeau'],
    ['cilium/state/', 'cilium/state0'],
    ['cilium/cluster-config/east', ''],
    ['cilium/synced/east/', 'cilium/synced/east0'],
  ] as const;
  await auth.roleAdd({ name: 'remote' });
  for (const [key, end] of ranges) {
    await auth.roleGrantPermission({
      name: 'remote',
      perm: { permType: 'Read', key: bytes(key), range_end: bytes(end) },
    });
  }
  const user = async (name: string, role: string): Promise<void> => {
    await auth.userAdd({ name, password: '', options: { no_password: true } });
    await auth.userGrantRole({ user: name, role });
  };
  await user('remote', 'remote');
  await auth.roleAdd({ name: 'none' });
  await user('stranger', 'none');
  await auth.userAdd({ name: 'root', password: '', options: { no_password: true } });
  await auth.userGrantRole({ user: 'root', role: 'root' });
  await auth.authEnable();
}
