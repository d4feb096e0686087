import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { versionText } from '../../../src/cli/version.command.js';
import { buildInfo, goArch } from '../../../src/version.js';
import { run } from './run.js';

const etcdOutput = `etcd Version: 3.5.16
Git SHA: f20bbadd4
Go Version: go1.24.0
Go OS/Arch: linux/amd64
`;

describe('version', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'version-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function etcdThatSays(text: string): Promise<string> {
    const path = join(folder, `etcd-${text.length}`);
    await writeFile(path, `#!/bin/sh\ncat <<'END'\n${text}END\n`);
    await chmod(path, 0o755);
    return path;
  }

  it('prints two lines and exits with 0', async () => {
    const { code, stdout, stderr } = await run(['version']);

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^Cilium ClusterMesh: \d+\.\d+\.\d+\S* \S+ \S+ node version v\d+\.\d+\.\d+ linux\/(amd64|arm64)\netcd: .+\n$/,
    );
  });

  it('has its version from package.json', async () => {
    expect(await versionText('/nonexistent')).toMatch(
      `Cilium ClusterMesh: ${packageJson.version} unknown unknown `,
    );
  });

  it('gives the same to metrics and /status, without a revision when it is unknown', () => {
    expect(buildInfo()).toEqual({ version: packageJson.version, revision: '', arch: goArch(process.arch) });
  });

  it("gives etcd's version, commit, Go version and platform", async () => {
    const etcd = await etcdThatSays(etcdOutput);

    expect((await versionText(etcd)).split('\n')[1]).toBe(
      'etcd: 3.5.16 f20bbadd4 go version go1.24.0 linux/amd64',
    );
  });

  it('says when etcd is not there', async () => {
    expect((await versionText('/nonexistent/etcd')).split('\n')[1]).toBe(
      'etcd: unable to retrieve version: exec /nonexistent/etcd: no such file or directory',
    );
  });

  it('says when etcd speaks otherwise', async () => {
    const etcd = await etcdThatSays('etcd 4\n');

    expect((await versionText(etcd)).split('\n')[1]).toBe('etcd: unable to parse version');
  });

  it('names processors as Go does', () => {
    expect(['x64', 'arm64', 'ia32'].map(goArch)).toEqual(['amd64', 'arm64', '386']);
  });
});
