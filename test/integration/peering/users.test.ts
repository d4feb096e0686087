import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KeyPair, TestCa } from '../../support/certs.js';
import { type LabCluster, PeerLab } from '../../support/peer-lab.js';

const connectBoth = ['connect', '--context', 'ctx-alpha', '--destination-context', 'ctx-beta'];

let common: Pick<LabCluster, 'ca' | 'client' | 'server'>;
let lab: PeerLab;

beforeAll(async () => {
  const ca = await TestCa.create('common');
  const server = await ca.issue('clustermesh-apiserver.cilium.io', ['*.mesh.cilium.io']);
  common = { ca, client: await ca.issue('remote'), server };
});

beforeEach(async () => {
  lab = new PeerLab(await mkdtemp(join(tmpdir(), 'peering-')));
});

afterEach(async () => {
  await lab.close();
  await rm(lab.folder, { recursive: true, force: true });
});

describe('clusters that log in by their own names', () => {
  const users = 'users:\n- name: remote-alpha\n  role: remote\n';
  const connected = (name: string): string => `users:\n- name: remote-${name}\n  role: remote\n`;
  const named = async (name: string): Promise<KeyPair> => common.ca.issue(`remote-${name}`);

  it('get each other’s users, beside the chart’s own file, and lose them again', async () => {
    await lab.add({ name: 'alpha', id: 1, ...common, client: await named('alpha'), users });
    await lab.add({ name: 'beta', id: 2, ...common, users: '' });

    const { stderr, code } = await lab.run(connectBoth);

    expect([stderr, code]).toEqual(['', 0]);
    expect(lab.users('alpha')).toEqual({ 'users.yaml': users, 'connected.beta.yaml': connected('beta') });
    expect(lab.users('beta')).toEqual({ 'users.yaml': '', 'connected.alpha.yaml': connected('alpha') });
    await lab.run(['disconnect', ...connectBoth.slice(1)]);
    expect(lab.users('alpha')).toEqual({ 'users.yaml': users });
    expect(lab.users('beta')).toEqual({ 'users.yaml': '' });
  });

  it('are refused where nobody would know them', async () => {
    await lab.add({ name: 'alpha', id: 1, ...common, client: await named('alpha'), users });
    await lab.add({ name: 'beta', id: 2, ...common });

    const { stderr, code } = await lab.run(connectBoth);

    expect(code).toBe(1);
    expect(stderr).toContain(
      'cluster ctx-beta: its etcd has no user remote-alpha, which the certificate of alpha names: set tls.authMode to migration there',
    );
    expect(lab.writes()).toEqual([]);
  });

  it('need no change of the other cluster if it knows them already', async () => {
    await lab.add({ name: 'alpha', id: 1, ...common, client: await named('alpha'), users: '' });
    await lab.add({ name: 'beta', id: 2, ...common, users: '' });
    const unicast = [...connectBoth, '--connection-mode=unicast'];

    expect((await lab.run(unicast)).code).toBe(1);
    await lab.close();
    lab.servers.clear();
    await lab.add({ name: 'alpha', id: 1, ...common, client: await named('alpha'), users: '' });
    await lab.add({ name: 'beta', id: 2, ...common, users });
    expect((await lab.run(unicast)).code).toBe(0);
    expect(lab.users('beta')).toEqual({ 'users.yaml': users });
  });

  it('take their users back when a later write fails', async () => {
    await lab.add({ name: 'alpha', id: 1, ...common, users });
    const beta = await lab.add({ name: 'beta', id: 2, ...common, users: '' });
    const refusal = { status: 403, reason: 'Forbidden', message: 'no' };
    beta.faults.fail({ method: 'POST', path: /\/secrets/ }, refusal);

    expect((await lab.run(connectBoth)).code).toBe(1);

    expect(lab.users('alpha')).toEqual({ 'users.yaml': users });
    expect(lab.users('beta')).toEqual({ 'users.yaml': '' });
  });
});
