import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Which build this is. The time is that of the commit, so that two builds of one commit are equal; SOURCE_DATE_EPOCH replaces
 * it, and a tree without git history (an archive) has the time 0.
 * @param {string} root
 * @returns {{ version: string, revision: string, epoch: number }} epoch in seconds
 */
export function buildStamp(root) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && !/^\d+$/.test(given)) {
    throw new Error(`SOURCE_DATE_EPOCH is "${given}", expected seconds since 1970`);
  }
  const revision = git(root, ['rev-parse', 'HEAD']) ?? 'unknown';
  return { version, revision, epoch: Number(given ?? git(root, ['log', '-1', '--format=%ct']) ?? 0) };
}

function git(cwd, args) {
  try {
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined; // no git, or no repository: the caller has a default
  }
}
