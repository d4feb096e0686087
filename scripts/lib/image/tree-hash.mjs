import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One number for everything that a layer made from a folder would hold: paths, kinds, modes, times, contents, targets of links.
 * Owners are left out, a layer has them all as root.
 * @param {string} folder
 * @returns {{ hash: string, bytes: number, files: number }} SHA-256 in hex; bytes of all regular files
 */
export function treeHash(folder) {
  const sum = createHash('sha256');
  let [bytes, files] = [0, 0];
  for (const path of walk(folder)) {
    const stats = lstatSync(join(folder, path));
    const mode = stats.isSymbolicLink() ? 'link' : (stats.mode & 0o7777).toString(8);
    sum.update(`${path}\0${mode}\0${Math.floor(stats.mtimeMs / 1000)}\0`);
    if (stats.isSymbolicLink()) sum.update(readlinkSync(join(folder, path)));
    if (stats.isFile()) {
      sum.update(
        createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest(),
      );
      bytes += stats.size;
      files++;
    }
  }
  return { hash: sum.digest('hex'), bytes, files };
}

/** Every path below a folder, folders before what is in them, sorted by code unit. @returns {string[]} */
export function walk(folder, prefix = '') {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
  return entries
    .map((entry) => [join(prefix, entry.name), entry.isDirectory()])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, isFolder]) => (isFolder ? [path, ...walk(folder, path)] : [path]));
}
