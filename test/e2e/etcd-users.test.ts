import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StageStatus } from '../../src/common/stage.js';
import { eventually } from '../support/eventually.js';
import { RealLab } from '../support/real-lab.js';
import type { ServerProcess } from '../support/server-process.js';

describe('--cluster-users-enabled', () => {
  let lab: RealLab;
  let dir: string;
  let path: string;
  beforeAll(async () => {
    [lab, dir] = await Promise.all([RealLab.start(), mkdtemp(join(tmpdir(), 'users-'))]);
    path = join(dir, 'users.yaml');
    await (await lab.etcd.client().etcd3()).auth.roleAdd({ name: 'remote' });
  });
  afterAll(async () => {
    await lab.stop();
    await rm(dir, { recursive: true, force: true });
  });
  afterEach(() => lab.reset());

  const users = async (): Promise<string[]> =>
    (await (await lab.etcd.client().etcd3()).auth.userList()).users;
  const stage = async (server: ServerProcess): Promise<StageStatus | undefined> => {
    const { body } = await server.admin('GET', '/status');
    return (body as { stages: StageStatus[] }).stages.find(({ name }) => name === 'etcd-users');
  };

  it('is shown in /status, counted in metrics, and covered by /resync', async () => {
    await writeFile(path, 'users: [{name: remote-beta, role: remote}]');
    const args = ['--cluster-users-enabled', `--cluster-users-config-path=${path}`];
    const server = await lab.startServer({ args: [...args, '--controller-group-metrics=all'] });
    await eventually(async () => (await users()).includes('remote-beta'));
    await eventually(async () => (await stage(server))?.state === 'in-sync');
    expect(await stage(server)).toMatchObject({ healthy: true, counts: { wantedUsers: 1, created: 1 } });
    expect(await server.metrics()).toMatch(
      /controllers_group_runs_total\{(?=.*status="success").*group_name="clustermesh-users-management"/,
    );

    await (await lab.etcd.client().etcd3()).auth.userDelete({ name: 'remote-beta' });
    await server.admin('POST', '/resync', {});

    await eventually(async () => (await stage(server))?.counts['created'] === 2);
    expect(await users()).toContain('remote-beta');
  });

  it('is off by default', async () => {
    const server = await lab.startServer();

    expect(await stage(server)).toBeUndefined();
    expect(server.stderrLines.join('\n')).toContain('etcd users management disabled');
  });
});
