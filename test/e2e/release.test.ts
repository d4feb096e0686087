import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureHelm } from '../../scripts/lib/ensure-helm.mjs';
import { versions } from '../../scripts/lib/release/version-files.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const next = '99.1.0-rc.1';

describe('scripts/release.mjs', () => {
  const work = mkdtempSync(join(tmpdir(), 'release-test-'));
  const clone = join(work, 'clone');
  const out = join(work, 'out');
  const author = { NAME: 'Test', EMAIL: 'test@example.com' };
  const identity = Object.fromEntries(
    Object.entries(author).flatMap(([key, value]) =>
      ['AUTHOR', 'COMMITTER'].map((role) => [`GIT_${role}_${key}`, value]),
    ),
  );
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: clone, encoding: 'utf8', env: { ...process.env, ...identity } }).trim();

  /** The working copy as it is, also what is not committed yet, as a repository of one commit. */
  beforeAll(() => {
    const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter((path) => path !== '');
    for (const path of files) cpSync(join(root, path), join(clone, path), { verbatimSymlinks: true });
    copyPackages(clone);
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all');
    git('commit', '--quiet', '--message=everything');
    git('tag', 'start');
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });
  beforeEach(() => {
    git('reset', '--quiet', '--hard', 'start');
    git('clean', '--quiet', '--force');
  });

  function release(args: readonly string[], cwd = clone) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(cwd, 'scripts/release.mjs'), ...args],
      {
        cwd,
        encoding: 'utf8',
        env: { ...process.env, ...identity },
      },
    );
    return { status, stdout, stderr };
  }

  /** Somebody notes what is new. */
  function note(entry = '### Fixed\n\n- A thing that users noticed.'): void {
    const path = join(clone, 'CHANGELOG.md');
    const text = readFileSync(path, 'utf8').replace(
      /^## \[Unreleased\]\n[\s\S]*?(?=^## \[)/m,
      `## [Unreleased]\n\n${entry}\n\n`,
    );
    writeFileSync(path, text);
    git('commit', '--quiet', '--allow-empty', '--all', '--message=note');
  }

  const untouched = (): void => {
    expect(git('status', '--porcelain')).toBe('');
    expect(git('tag', '--list', 'v*')).toBe('');
    expect(git('log', '-1', '--format=%s')).toBe('note');
  };

  it.each([
    ['a version that is none', ['1.2'], '"1.2" is no version: expected MAJOR.MINOR.PATCH'],
    ['an older version', ['0.0.9'], '0.0.9 is not newer than '],
    ['no version', [], 'usage: node scripts/release.mjs VERSION'],
    ['a folder that is in use', [next, `--out=${root}`], 'is not empty'],
  ])('refuses %s', (_, args, sentence) => {
    note();

    const { status, stderr } = release(args);

    expect(status).toBe(1);
    expect(stderr).toContain(sentence);
    untouched();
  });

  it('refuses a version that is released already', () => {
    note();
    const current = versions(clone)['package.json']!;

    expect(release([current]).stderr).toBe(
      `${current} is not newer than ${current}, which package.json has\n`,
    );
    untouched();
  });

  it('refuses a tree with changes', () => {
    note();
    writeFileSync(join(clone, 'new-file'), '');

    expect(release([next])).toMatchObject({
      status: 1,
      stderr: 'the tree has changes that are not committed:\n?? new-file\n',
    });
  });

  it('refuses to release what nobody has described', () => {
    note('');

    expect(release([next])).toMatchObject({
      status: 1,
      stderr: 'CHANGELOG.md says nothing in its section "## [Unreleased]"\n',
    });
    untouched();
  });

  it('refuses when places disagree about the version', () => {
    const path = join(clone, 'charts/clustermesh-apiserver/Chart.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^appVersion: .*/m, 'appVersion: 0.0.1'));
    note();

    expect(release([next])).toMatchObject({ status: 1 });
    expect(release([next]).stderr).toContain('but Chart.yaml, appVersion has 0.0.1');
  });

  it('shows with --dry-run what it would do, and does nothing', () => {
    note();

    const { status, stdout } = release([next, '--dry-run', `--out=${out}`]);

    expect(status).toBe(0);
    expect(stdout).toContain(`Would release ${next} after `);
    expect(stdout).toContain('- A thing that users noticed.');
    untouched();
    expect(readdirSync(work)).toEqual(['clone']);
  });

  it('makes a release, and the same image again from another copy', { timeout: 600_000 }, async () => {
    note();

    expect(release([next, `--out=${out}`])).toMatchObject({ status: 0, stderr: '' });

    expect(new Set(Object.values(versions(clone)))).toEqual(new Set([next]));
    expect(git('log', '-1', '--format=%s')).toBe(`Release ${next}`);
    expect(git('rev-parse', `v${next}^{commit}`)).toBe(git('rev-parse', 'HEAD'));
    expect(git('diff', '--stat', 'HEAD~1').split('\n')).toHaveLength(5);
    const [archive, bom] = [
      `clustermesh-apiserver-${next}-linux-amd64.oci.tar`,
      `clustermesh-apiserver-${next}.cdx.json`,
    ];
    const files = [archive, bom, `clustermesh-apiserver-${next}.tgz`, 'RELEASE-NOTES.md', 'SHA256SUMS'];
    expect(readdirSync(out).toSorted()).toEqual(files.toSorted());
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: out, stdio: 'pipe' });
    expect(readFileSync(join(out, 'SHA256SUMS'), 'utf8').trim().split('\n')).toHaveLength(files.length - 1);

    const notes = readFileSync(join(out, 'RELEASE-NOTES.md'), 'utf8');
    expect(notes).toContain(
      `# clustermesh-apiserver ${next}\n\n### Fixed\n\n- A thing that users noticed.\n`,
    );
    const index = JSON.parse(untar(join(out, archive), './index.json')) as {
      manifests: [{ digest: string }];
    };
    expect(notes).toContain(index.manifests[0].digest);
    const docker = JSON.parse(untar(join(out, archive), './manifest.json')) as [{ RepoTags: string[] }];

    const chart = join(out, `clustermesh-apiserver-${next}.tgz`);
    const values = ['--set=cluster.name=alpha', '--set=cluster.id=1'];
    const rendered = execFileSync(await ensureHelm(4), ['template', 'mesh', chart, ...values], {
      encoding: 'utf8',
    });
    expect(new Set(rendered.match(/(?<=^ +image: ).*$/gm))).toEqual(new Set(docker[0].RepoTags));

    const other = join(work, 'elsewhere', 'copy');
    mkdirSync(join(work, 'elsewhere'));
    execFileSync('git', ['clone', '--quiet', clone, other]);
    copyPackages(other);
    expect(release(['--current', `--out=${out}-again`], other)).toMatchObject({ status: 0, stderr: '' });
    for (const file of [archive, bom])
      expect(sha256(join(`${out}-again`, file))).toBe(sha256(join(out, file)));
  });
});

/** As npm would install them; linked files, not copies, where the file system can. */
function copyPackages(folder: string): void {
  const [from, to] = [join(root, 'node_modules'), join(folder, 'node_modules')];
  const linked = spawnSync('cp', ['--archive', '--link', from, to], { stdio: 'ignore' });
  if (linked.status !== 0) execFileSync('cp', ['--archive', '--no-target-directory', from, to]);
}

function untar(archive: string, file: string): string {
  return execFileSync('tar', ['--extract', '--to-stdout', `--file=${archive}`, file], { encoding: 'utf8' });
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
