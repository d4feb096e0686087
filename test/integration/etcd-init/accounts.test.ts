import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdInit } from '../../../src/modules/etcd-init/etcd-init.js';
import { TestCa } from '../../support/certs.js';
import { EtcdAdmin } from '../../support/etcd-admin.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdInitLab } from '../../support/etcd-init-lab.js';

type Row = [type: string, key: string, rangeEnd: string];

/** spec/operations.md §2.3. */
const permissions: Readonly<Record<string, Row[]>> = {
  externalworkload: [
    ['Read', '\0', '\0'],
    ['Readwrite', 'cilium/.initlock/', 'cilium/.initlock0'],
    ['Readwrite', 'cilium/state/noderegister/v1/', 'cilium/state/noderegister/v10'],
  ],
  local: [
    ['Read', 'cilium/.has-cluster-config', ''],
    ['Read', 'cilium/.heartbeat', 'cilium/.heartbeau'],
    ['Read', 'cilium/cache/', 'cilium/cache0'],
    ['Read', 'cilium/cluster-config/', 'cilium/cluster-config0'],
    ['Read', 'cilium/synced/', 'cilium/synced0'],
  ],
  remote: [
    ['Read', 'cilium/.has-cluster-config', ''],
    ['Read', 'cilium/.heartbeat', 'cilium/.heartbeau'],
    ['Read', 'cilium/cache/', 'cilium/cache0'],
    ['Read', 'cilium/cluster-config/', 'cilium/cluster-config0'],
    ['Read', 'cilium/cluster-config/alpha', ''],
    ['Read', 'cilium/state/', 'cilium/state0'],
    ['Read', 'cilium/synced/', 'cilium/synced0'],
    ['Read', 'cilium/synced/alpha/', 'cilium/synced/alpha0'],
  ],
};

/** Keys of every area, by what they stand for. */
const keys = {
  heartbeat: 'cilium/.heartbeat',
  marker: 'cilium/.has-cluster-config',
  state: 'cilium/state/nodes/v1/alpha/n1',
  config: 'cilium/cluster-config/alpha',
  synced: 'cilium/synced/alpha/cilium/state/nodes/v1',
  cache: 'cilium/cache/nodes/v1/beta/n1',
  foreignConfig: 'cilium/cluster-config/beta',
  register: 'cilium/state/noderegister/v1/vm',
  lock: 'cilium/.initlock/x',
  users: 'cilium/.users/v1/remote-beta',
  other: 'other/key',
} as const;
type Area = keyof typeof keys;
const all = Object.keys(keys) as Area[];

const reads: Readonly<Record<string, readonly Area[]>> = {
  root: all,
  'admin-alpha': all,
  externalworkload: all,
  remote: ['heartbeat', 'marker', 'state', 'config', 'synced', 'cache', 'foreignConfig', 'register'],
  'local-alpha': ['heartbeat', 'marker', 'config', 'synced', 'cache', 'foreignConfig'],
  stranger: [],
};
const writes: Readonly<Record<string, readonly Area[]>> = {
  root: all,
  'admin-alpha': all,
  externalworkload: ['register', 'lock'],
  remote: [],
  'local-alpha': [],
  stranger: [],
};

describe(`an etcd of ${EtcdInit.name}, with TLS`, () => {
  let lab: EtcdInitLab;
  let ca: TestCa;
  let etcd: TestEtcd;
  let root: Etcd3;
  let revision: number;
  const clients: EtcdAdmin[] = [];

  beforeAll(async () => {
    [lab, ca] = await Promise.all([EtcdInitLab.create(), TestCa.create()]);
    await lab.run();
    revision = await authRevision(lab.dataDir);
    etcd = await startEtcd({ tls: ca, dataDir: lab.dataDir });
    root = await etcd.client().etcd3();
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await etcd.stop();
    await lab.remove();
  });

  it('has exactly the revisions of the contract', async () => {
    expect(revision).toBe(30);
    expect(await etcd.client().revision()).toBe(2);
    expect(await etcd.client().list('c')).toEqual([['cilium/.has-cluster-config', 'true']]);
    expect((await etcd.client().entry('cilium/.has-cluster-config'))?.lease).toBe('0');
  });

  it('has exactly the users of the contract, each with its role', async () => {
    const { users } = await root.auth.userList();
    const roles = users.map(async (name) => [name, (await root.auth.userGet({ name })).roles]);

    expect(await Promise.all(roles)).toEqual([
      ['admin-alpha', ['root']],
      ['externalworkload', ['externalworkload']],
      ['local-alpha', ['local']],
      ['remote', ['remote']],
      ['root', ['root']],
    ]);
  });

  it('has exactly the roles of the contract, each with its permissions', async () => {
    expect((await root.auth.roleList()).roles).toEqual(Object.keys(permissions));
    for (const [role, expected] of Object.entries(permissions)) {
      const { perm } = await root.auth.roleGet({ role });
      const rows = perm.map(({ permType, key, range_end }): Row => [
        String(permType),
        key.toString(),
        range_end.toString(),
      ]);
      expect([role, ...rows.toSorted(byText)]).toEqual([role, ...expected.toSorted(byText)]);
    }
  });

  for (const user of Object.keys(reads)) {
    it(`lets ${user} read and write what it must and nothing else`, async () => {
      for (const key of Object.values(keys)) await etcd.client().put(key, 'before');
      const client = new EtcdAdmin(etcd.endpoint, ca, user);
      clients.push(client);

      const readable: Area[] = [];
      const writable: Area[] = [];
      for (const area of all) {
        if (await isAllowed(client.get(keys[area]))) readable.push(area);
        if (await isAllowed(client.put(keys[area], 'after'))) writable.push(area);
      }

      expect(readable).toEqual(reads[user]);
      expect(writable).toEqual(writes[user]);
    });
  }

  it('lets even a certificate without a user grant leases: etcd does not ask', async () => {
    const client = new EtcdAdmin(etcd.endpoint, ca, 'stranger');
    clients.push(client);

    expect(await client.grant(60)).toMatch(/^\d+$/);
    await expect((await client.etcd3()).auth.userList()).rejects.toThrow(/user name not found/);
  });
});

async function isAllowed(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    expect(String(error)).toMatch(/permission denied/);
    return false;
  }
}

function byText(a: Row, b: Row): number {
  return a.join() < b.join() ? -1 : 1;
}

/**
 * The revision of the accounts, which etcd 3.4 has no call for: in its database the 8 bytes of the value follow the key. Pages that
 * are free again hold older ones.
 */
async function authRevision(dataDir: string): Promise<number> {
  const database = await readFile(join(dataDir, 'member', 'snap', 'db'));
  let newest = 0n;
  for (let at = 0; (at = database.indexOf('authRevision', at)) >= 0;) {
    at += 'authRevision'.length;
    const value = database.readBigUInt64BE(at);
    if (value < 1_000n && value > newest) newest = value;
  }
  return Number(newest);
}
