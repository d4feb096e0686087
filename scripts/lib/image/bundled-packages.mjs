import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} NpmPackage
 * @property {string} path its folder in the lock file: `node_modules/a/node_modules/b`
 * @property {string} name
 * @property {string} version
 * @property {string} licence SPDX expression
 * @property {string} integrity `sha512-…` as the registry has it
 * @property {string[]} requires paths of the bundled packages that it asks for
 * @property {string} notice the text of its licence file; empty if it ships none
 */

/**
 * The npm packages of which the bundle holds at least a byte, sorted by path: from esbuild's account and the lock file.
 * Not `npm sbom --omit dev`: npm 11.19 leaves out whatever a devDependency asks for as well, here 102 of 172 packages.
 * @param {string} root
 * @returns {NpmPackage[]}
 */
export function bundledPackages(root) {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));
  const locked = read('package-lock.json').packages;
  const paths = packagePaths(read('dist/bundle-meta.json'));
  return paths.map((path) => {
    const entry = locked[path];
    if (entry === undefined) throw new Error(`${path} is in the bundle and not in package-lock.json`);
    const wanted = Object.keys({
      ...entry.dependencies,
      ...entry.optionalDependencies,
      ...entry.peerDependencies,
    });
    return {
      path,
      name: path.replace(/^.*node_modules\//, ''),
      version: entry.version,
      licence: entry.license ?? licenceOf(join(root, path)),
      integrity: entry.integrity,
      requires: wanted.map((name) => resolve(path, name, paths)).filter((found) => found !== undefined),
      notice: noticeOf(join(root, path)),
    };
  });
}

/**
 * @param {{ outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }} metafile esbuild's
 * @returns {string[]} folders below node_modules, sorted, each once
 */
export function packagePaths(metafile) {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const folders = inputs
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([input]) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
    .filter((folder) => folder !== undefined);
  return [...new Set(folders)].toSorted();
}

/** As Node looks for it: the nearest node_modules upwards; undefined if the bundle holds nothing of it. */
function resolve(from, name, known) {
  const folders = from.split('/node_modules/');
  for (let depth = folders.length; depth >= 0; depth--) {
    const path =
      depth === 0 ? `node_modules/${name}` : [...folders.slice(0, depth), name].join('/node_modules/');
    if (known.includes(path)) return path;
  }
  return undefined;
}

/** Packages from before 2015 have a list, which npm does not copy into the lock file. */
function licenceOf(folder) {
  const { licenses } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!Array.isArray(licenses)) throw new Error(`${folder}/package.json names no licence`);
  return licenses.map(({ type }) => type).join(' OR ');
}

function noticeOf(folder) {
  if (!existsSync(folder)) throw new Error(`${folder} is not installed`);
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)([.-].*)?$/i.test(name));
  return files
    .toSorted()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim())
    .join('\n\n');
}
