import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.mjs';

/**
 * Installs the npm packages of package-lock.json (`npm ci`) unless exactly those are installed.
 * @param {string} root
 */
export function ensurePackages(root) {
  const missing = missingPackages(root);
  if (missing.length === 0) return;
  const some = missing.slice(0, 3).join(', ');
  console.log(`Installing npm packages (${missing.length} missing or of another version: ${some}…)`);
  runCommand('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
}

/**
 * Packages of package-lock.json that are not installed in that version. npm keeps the list of what it installed in
 * node_modules/.package-lock.json. Packages for other platforms are optional and stay away.
 * @param {string} root
 * @returns {string[]}
 */
export function missingPackages(root) {
  const wanted = readPackages(join(root, 'package-lock.json')) ?? {};
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json')) ?? {};
  return Object.entries(wanted)
    .filter(([path, { optional }]) => path !== '' && (!optional || path in installed))
    .filter(([path, { version }]) => installed[path]?.version !== version)
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
