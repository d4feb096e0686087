import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

const sources = [
  'src',
  'dev',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/bundle.mjs',
];

/** What the build writes last, and only if everything before it succeeded. */
const product = 'dist/bundle/clustermesh-apiserver.mjs';

/**
 * Builds the program unless the build is newer than every source.
 * @param {string} root
 */
export function ensureBuild(root) {
  if (isBuilt(root)) return;
  console.log('Building');
  runCommand('npm', ['run', '--silent', 'build'], { cwd: root });
}

/** @param {string} root */
export function isBuilt(root) {
  const built = statSync(join(root, product), { throwIfNoEntry: false });
  return built !== undefined && sources.every((source) => newest(join(root, source)) < built.mtimeMs);
}

function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  // The directory's own time tells of removed files.
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
