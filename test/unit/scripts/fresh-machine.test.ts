import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isBuilt } from '../../../scripts/lib/ensure-build.mjs';
import { missingPackages } from '../../../scripts/lib/ensure-packages.mjs';
import { countTests } from '../../../scripts/lib/run-tests.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fresh-machine-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(path: string, text: string): string {
  const whole = join(folder, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
}

describe(missingPackages, () => {
  const lock = (packages: Record<string, unknown>): string =>
    JSON.stringify({ packages: { '': {}, ...packages } });
  const installed = 'node_modules/.package-lock.json';

  it('names all packages where nothing is installed, and none where all are', () => {
    const text = lock({
      'node_modules/a': { version: '1' },
      'node_modules/a/node_modules/@s/b': { version: '2' },
    });
    write('package-lock.json', text);

    expect(missingPackages(folder)).toEqual(['a', '@s/b']);
    write(installed, text);
    expect(missingPackages(folder)).toEqual([]);
  });

  it('sees another version, and leaves packages for other platforms away', () => {
    const other = { 'node_modules/other-platform': { version: '1', optional: true } };
    write('package-lock.json', lock({ 'node_modules/a': { version: '2' }, ...other }));
    write(installed, lock({ 'node_modules/a': { version: '1' } }));

    expect(missingPackages(folder)).toEqual(['a']);
  });
});

describe(isBuilt, () => {
  it('is true as long as the build is newer than every source', () => {
    const source = write('src/deep/a.ts', '');
    expect(isBuilt(folder)).toBe(false);

    const product = write('dist/bundle/clustermesh-apiserver.mjs', '');
    const later = new Date(Date.now() + 10_000);
    utimesSync(product, later, later);
    expect(isBuilt(folder)).toBe(true);

    const latest = new Date(Date.now() + 20_000);
    utimesSync(source, latest, latest);
    expect(isBuilt(folder)).toBe(false);
  });
});

describe(countTests, () => {
  const file = (status: string, ...results: string[]) => ({
    status,
    assertionResults: results.map((result) => ({ status: result })),
  });

  it.each([
    [[file('passed', 'passed', 'passed', 'skipped')], true, { passed: 2, failed: 0 }],
    [[file('failed', 'passed', 'failed'), file('passed', 'passed')], false, { passed: 2, failed: 1 }],
    // A file that cannot be loaded has no tests; an unhandled rejection shows in the exit code only.
    [[file('failed'), file('passed', 'passed')], false, { passed: 1, failed: 1 }],
    [[file('passed', 'passed')], false, { passed: 1, failed: 1 }],
    [[], true, { passed: 0, failed: 1 }],
  ])('%j, %s', (testResults, succeeded, counts) => {
    expect(countTests({ testResults }, succeeded)).toEqual(counts);
  });

  it('fails without a report', () => {
    expect(countTests(undefined, false)).toEqual({ passed: 0, failed: 1 });
  });
});

describe('ensureEtcd', () => {
  const module = fileURLToPath(new URL('../../../scripts/lib/ensure-etcd.mjs', import.meta.url));

  /** Runs it where PATH has nothing but these shell scripts. */
  function ensure(scripts: Record<string, string>): { status: number | null; output: string; log: string } {
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    const log = join(folder, 'log');
    writeFileSync(log, '');
    for (const [name, body] of Object.entries(scripts)) {
      const path = join(bin, name);
      writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> ${log}\n${body}\n`);
      chmodSync(path, 0o755);
    }
    const code = `import { ensureEtcd } from ${JSON.stringify(module)};
      try { console.log('found ' + ensureEtcd({ directories: [${JSON.stringify(bin)}] })); }
      catch (error) { console.log(error.message); process.exitCode = 1; }`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      env: { PATH: [bin].join(delimiter) },
      encoding: 'utf8',
    });
    return { status, output: stdout, log: readFileSync(log, 'utf8') };
  }

  const env = { env: 'shift; exec "$@"', systemctl: '', true: '' };
  // The two directories that shell scripts need themselves are no part of PATH.
  const install = `case "$*" in *install*) printf '#!/bin/sh\\n' > "$(/usr/bin/dirname "$0")/etcd"; /bin/chmod +x "$(/usr/bin/dirname "$0")/etcd";; esac`;
  const sudo = { sudo: 'shift; exec "$@"' };

  it('takes the one that is there', () => {
    const { status, output, log } = ensure({ etcd: '' });

    expect([status, log]).toEqual([0, '']);
    expect(output).toContain(join(folder, 'bin', 'etcd'));
  });

  it('installs the package without asking', () => {
    const { status, log } = ensure({ ...env, ...sudo, 'apt-get': install, 'apt-cache': 'exit 0' });

    expect(status).toBe(0);
    expect(log).toContain('apt-get install -y -q --no-install-recommends etcd-server');
    expect(log).not.toContain('apt-get update');
  });

  it('fetches package lists first where there are none', () => {
    const known = `/bin/grep -q 'apt-get update' ${'"$(/usr/bin/dirname "$0")/../log"'}`;
    const { status, log } = ensure({ ...env, ...sudo, 'apt-get': install, 'apt-cache': known });

    expect(status).toBe(0);
    expect(log).toMatch(/apt-get update[\s\S]*apt-get install/);
  });

  it('says how to get it where it cannot be installed', () => {
    const { status, output } = ensure({});

    expect(status).toBe(1);
    expect(output).toContain('sudo apt-get install etcd-server');
  });
});
