import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { type Log, silentLog } from '../../../src/common/log.js';
import { EtcdUsers } from '../../../src/modules/etcd-users/etcd-users.js';
import { UserRecords } from '../../../src/modules/etcd-users/user-records.js';
import { UsersFileWatch } from '../../../src/modules/etcd-users/users-file-watch.js';
import { UsersReconciler } from '../../../src/modules/etcd-users/users-reconciler.js';
import { builtinAccounts } from '../../../src/modules/etcd/builtin-accounts.js';
import { parseEtcdConfig } from '../../../src/modules/etcd/config/etcd-config.js';
import { EtcdAuthClient } from '../../../src/modules/etcd/etcd-auth.js';
import { openChannel } from '../../../src/modules/etcd/etcd-channel.js';
import { EtcdClient } from '../../../src/modules/etcd/etcd-client.js';
import { EtcdKv } from '../../../src/modules/etcd/etcd-kv.js';
import { TestCa } from '../../support/certs.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdInitLab } from '../../support/etcd-init-lab.js';
import { eventually } from '../../support/eventually.js';

const builtin = ['admin-alpha', 'externalworkload', 'local-alpha', 'remote', 'root'];

describe(EtcdUsers.name, () => {
  let lab: EtcdInitLab;
  let ca: TestCa;
  let etcd: TestEtcd;
  let root: Etcd3;
  let client: EtcdClient;
  let dir: string;
  let lines: string[];
  let runs: string[];
  let abort: AbortController;
  let running: Promise<void> | undefined;

  beforeAll(async () => {
    [lab, ca] = await Promise.all([EtcdInitLab.create(), TestCa.create()]);
    await lab.run();
    etcd = await startEtcd({ tls: ca, dataDir: lab.dataDir });
    root = await etcd.client().etcd3();
    const { cert, key } = await ca.issue('admin-alpha');
    const settings = {
      config: parseEtcdConfig(`endpoints: [${etcd.endpoint}]`, 'test'),
      ca: Buffer.from(ca.cert),
      clientCert: { cert: Buffer.from(cert), key: Buffer.from(key) },
      digest: '',
    };
    const keepAlive = { heartbeatMs: 15_000, timeoutMs: 25_000 };
    client = new EtcdClient({
      endpoint: etcd.endpoint,
      channel: openChannel(etcd.endpoint, settings, keepAlive),
    });
  });
  afterAll(async () => {
    client.close();
    await etcd.stop();
    await lab.remove();
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'users-'));
    lines = [];
    runs = [];
    abort = new AbortController();
    running = undefined;
  });
  afterEach(async () => {
    await stop();
    const { users } = await root.auth.userList();
    for (const name of users.filter((user) => !builtin.includes(user))) await root.auth.userDelete({ name });
    await etcd.client().deletePrefix('cilium/.users/');
    await rm(dir, { recursive: true, force: true });
  });

  const path = (): string => join(dir, 'users.yaml');
  const write = (text: string): Promise<void> => writeFile(path(), text);

  function start(periodMs = 600_000): EtcdUsers {
    const log: Log = {
      ...silentLog,
      warn: (message) => void lines.push(message),
      error: (message, fields) =>
        void lines.push(`${message} ${fields?.['error'] instanceof Error ? fields['error'].message : ''}`),
      child: () => log,
    };
    const reconciler = new UsersReconciler({
      auth: new EtcdAuthClient(() => client),
      records: new UserRecords(new EtcdKv(() => client)),
      builtin: new Map(builtinAccounts('alpha').map(({ user, role }) => [user, role])),
      log,
    });
    const users = new EtcdUsers({
      path: path(),
      file: new UsersFileWatch({ path: path(), clock: systemClock, pollMs: 100, settleMs: 20 }),
      reconciler,
      clock: systemClock,
      log,
      random: () => 0,
      periodMs,
      onRun: (status) => void runs.push(status),
    });
    abort = new AbortController();
    running = users.run(abort.signal);
    return users;
  }

  async function stop(): Promise<void> {
    abort.abort();
    await running;
  }

  /** Roles by user, but for the built-in users. */
  async function accounts(): Promise<Record<string, string[]>> {
    const { users } = await root.auth.userList();
    const others = users.filter((user) => !builtin.includes(user));
    const roles = others.map(async (name) => [name, (await root.auth.userGet({ name })).roles] as const);
    return Object.fromEntries(await Promise.all(roles));
  }

  async function expectAccounts(expected: Record<string, string[]>): Promise<void> {
    await eventually(async () => JSON.stringify(await accounts()) === JSON.stringify(expected), {
      what: JSON.stringify(expected),
    }).catch(async (error: unknown) => {
      expect(await accounts()).toEqual(expected);
      throw error;
    });
  }

  /** One more complete run, begun after this call. */
  async function oneMore(users: EtcdUsers): Promise<void> {
    await eventually(() => users.stageStatus()[0]?.counts['runs'] === runs.length);
    const before = runs.length;
    users.recheck();
    await eventually(() => runs.length > before);
  }

  const file = (...users: [name: string, role: string][]): string =>
    `users:\n${users.map(([name, role]) => `- name: ${name}\n  role: ${role}\n`).join('')}`;

  it('adds, changes and removes users as the file says', async () => {
    await write(file(['remote-beta', 'remote'], ['remote-gamma', 'remote']));
    const users = start();
    await expectAccounts({ 'remote-beta': ['remote'], 'remote-gamma': ['remote'] });

    await write(file(['remote-beta', 'local']));
    await expectAccounts({ 'remote-beta': ['local'] });

    await write('users: []\n');
    await expectAccounts({});
    await eventually(() => users.stageStatus()[0]?.counts['removed'] === 2);
    expect(users.stageStatus()[0]).toMatchObject({
      state: 'in-sync',
      healthy: true,
      counts: { created: 2, granted: 3, revoked: 1, removed: 2, wantedUsers: 0 },
    });
    expect(await etcd.client().list('cilium/.users/')).toEqual([]);
    expect(new Set(runs)).toEqual(new Set(['success']));
  });

  it('adds the users of connected clusters, whose files come and go beside it', async () => {
    const connected = join(dir, 'connected.beta.yaml');
    await write(file(['remote-gamma', 'remote']));
    await writeFile(connected, file(['remote-beta', 'remote']));
    await writeFile(join(dir, 'notes.yaml'), file(['stranger', 'remote']));
    start();
    await expectAccounts({ 'remote-beta': ['remote'], 'remote-gamma': ['remote'] });

    await writeFile(connected, file(['remote-beta', 'remote'], ['remote-gamma', 'local']));
    await eventually(() => lines.length > 0);
    expect(lines[0]).toContain(
      'user "remote-gamma" is listed with role "local", and with "remote" in another file',
    );
    await rm(connected);

    await expectAccounts({ 'remote-gamma': ['remote'] });
  });

  it('fails no write that is on its way while users change', async () => {
    const kv = {
      put: (key: string) => client.call('KV', 'Put', { key: Buffer.from(key), value: Buffer.from('v') }),
    };
    let changing = true;
    const writes = async (worker: number): Promise<void> => {
      for (let n = 0; changing; n++) await kv.put(`cilium/.users/w${String(worker)}/${String(n)}`);
    };
    const writing = Promise.all(Array.from({ length: 8 }, (_, worker) => writes(worker)));
    // Looked at below; until then it is nobody's.
    writing.catch(() => undefined);
    for (let n = 0; n < 30; n++) {
      await root.auth.userAdd({ name: `busy-${String(n)}`, password: '', options: { no_password: true } });
    }
    changing = false;

    await expect(writing).resolves.toBeDefined();
  });

  it('follows a ConfigMap volume through its swaps', async () => {
    const version = async (name: string, text: string): Promise<void> => {
      await mkdir(join(dir, name));
      await writeFile(join(dir, name, 'users.yaml'), text);
      await symlink(name, join(dir, '..data_tmp'));
      await rename(join(dir, '..data_tmp'), join(dir, '..data'));
    };
    await version('..1', file(['remote-beta', 'remote']));
    await symlink('..data/users.yaml', path());
    start();
    await expectAccounts({ 'remote-beta': ['remote'] });

    await version('..2', file(['remote-gamma', 'remote']));
    await rm(join(dir, '..1'), { recursive: true });

    await expectAccounts({ 'remote-gamma': ['remote'] });
    expect(lines).toEqual([]);
  });

  it('does not let a bad entry hold up the others, nor make half a user', async () => {
    await write(file(['gone', 'remote']));
    start();
    await expectAccounts({ gone: ['remote'] });

    await write(file(['bad', 'nope'], ['remote-beta', 'remote']));

    await expectAccounts({ 'remote-beta': ['remote'] });
    await eventually(() => lines.length > 0);
    expect(lines).toEqual([expect.stringContaining('user bad: there is no role "nope" in etcd')]);
  });

  it('keeps a user whose entry has become bad as it was', async () => {
    await write(file(['remote-beta', 'remote']));
    const users = start();
    await expectAccounts({ 'remote-beta': ['remote'] });

    await write(file(['remote-beta', 'nope']));

    await eventually(() => users.stageStatus()[0]?.state === 'partly');
    expect(await accounts()).toEqual({ 'remote-beta': ['remote'] });
  });

  it('names a user that is listed twice with different roles, and follows neither', async () => {
    await write(file(['twin', 'remote'], ['twin', 'local'], ['same', 'remote'], ['same', 'remote']));
    start();

    await expectAccounts({ same: ['remote'] });
    await eventually(() => lines.length > 0);
    expect(lines[0]).toMatch(
      /users.yaml:4: user "twin" is listed with role "local", and with another one at/,
    );
  });

  it('never changes nor removes the built-in users', async () => {
    await write(
      file(['remote', 'remote'], ['root', 'root'], ['local-alpha', 'remote'], ['admin-alpha', 'local']),
    );
    const users = start();
    await eventually(() => lines.length >= 2);
    await write('users: []');
    await eventually(() => users.stageStatus()[0]?.state === 'in-sync');

    expect((await root.auth.userList()).users).toEqual(builtin);
    expect((await root.auth.userGet({ name: 'local-alpha' })).roles).toEqual(['local']);
    expect((await root.auth.userGet({ name: 'admin-alpha' })).roles).toEqual(['root']);
    expect(lines).toHaveLength(2);
  });

  it('changes nothing for a file that is malformed or gone, and goes on with the next good one', async () => {
    await write(file(['remote-beta', 'remote']));
    const users = start();
    await expectAccounts({ 'remote-beta': ['remote'] });

    await write('users: [');
    await eventually(() => users.stageStatus()[0]?.state === 'failing');
    expect(lines).toEqual([expect.stringMatching(/^Unable to read the etcd users file.*users\.yaml:\d+: /)]);
    await rm(path());
    await eventually(() => lines.length === 2);
    expect(await accounts()).toEqual({ 'remote-beta': ['remote'] });

    await write(file(['remote-gamma', 'remote']));
    await expectAccounts({ 'remote-gamma': ['remote'] });
    expect(runs).toContain('failure');
  });

  it('removes after a restart who left the file meanwhile, but nobody that it has not made', async () => {
    await root.auth.userAdd({ name: 'theirs', password: '', options: { no_password: true } });
    await root.auth.userAdd({ name: 'borrowed', password: '', options: { no_password: true } });
    await root.auth.userGrantRole({ user: 'borrowed', role: 'local' });
    await write(file(['remote-beta', 'remote'], ['borrowed', 'remote']));
    start();
    await expectAccounts({ borrowed: ['local', 'remote'], 'remote-beta': ['remote'], theirs: [] });
    await stop();

    await write('');
    start();

    await expectAccounts({ borrowed: ['local'], theirs: [] });
    await eventually(async () => (await etcd.client().list('cilium/.users/')).length === 0);
  });

  it('repairs what somebody changed behind its back', async () => {
    await write(file(['remote-beta', 'remote'], ['remote-gamma', 'remote']));
    const users = start(100);
    await expectAccounts({ 'remote-beta': ['remote'], 'remote-gamma': ['remote'] });

    await root.auth.userDelete({ name: 'remote-beta' });
    await root.auth.userGrantRole({ user: 'remote-gamma', role: 'root' });

    await expectAccounts({ 'remote-beta': ['remote'], 'remote-gamma': ['remote'] });
    await oneMore(users);
    expect(await accounts()).toEqual({ 'remote-beta': ['remote'], 'remote-gamma': ['remote'] });
  });

  it('compares at once when asked to', async () => {
    await write(file(['remote-beta', 'remote']));
    const users = start();
    await expectAccounts({ 'remote-beta': ['remote'] });
    await root.auth.userDelete({ name: 'remote-beta' });

    await oneMore(users);

    expect(await accounts()).toEqual({ 'remote-beta': ['remote'] });
  });

  it('makes a user of the name of the cluster like any other', async () => {
    await write(file(['alpha', 'remote']));
    start();

    await expectAccounts({ alpha: ['remote'] });
  });
});
