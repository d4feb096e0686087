import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs vitest projects with their output shown, prints `N passed, N failed` as the last line, and returns the exit code.
 * What fails outside of any test (a file that cannot be loaded, an unhandled rejection) counts as a failure.
 * @param {string} root
 * @param {{ projects: readonly string[], args?: readonly string[], env?: NodeJS.ProcessEnv }} options
 * @returns {number}
 */
export function runTests(root, { projects, args = [], env = {} }) {
  const folder = mkdtempSync(join(tmpdir(), 'clustermesh-test-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const selected = projects.flatMap((project) => ['--project', project]);
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...selected, ...reporters, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    const { passed, failed } = countTests(readReport(report), status === 0);
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {{ testResults: { status: string, assertionResults: { status: string }[] }[] } | undefined} report
 * vitest's JSON report; undefined if it wrote none
 * @param {boolean} succeeded by its exit code
 * @returns {{ passed: number, failed: number }}
 */
export function countTests(report, succeeded) {
  const files = report?.testResults ?? [];
  const withStatus = ({ assertionResults }, status) =>
    assertionResults.filter((result) => result.status === status).length;
  let passed = 0;
  let failed = 0;
  for (const file of files) {
    passed += withStatus(file, 'passed');
    failed += withStatus(file, 'failed') || (file.status === 'failed' ? 1 : 0);
  }
  const silentFailure = failed === 0 && (!succeeded || passed === 0);
  return { passed, failed: failed + (silentFailure ? 1 : 0) };
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
