// Which files of this Debian belong into the image, and whose they are.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * @typedef {object} DebianPackage
 * @property {string} name
 * @property {string} version
 * @property {string} architecture
 * @property {string} source name of the source package
 * @property {string} control its entry in dpkg's data base
 * @property {string | undefined} copyright the text of its copyright file
 */

const byCodeUnit = (a, b) => (a < b ? -1 : 1);
const english = { ...process.env, LC_ALL: 'C' };
const run = (command, args) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', env: english });

/**
 * The shared libraries that programs load, with the loader itself: absolute paths as the programs name them.
 * @param {readonly string[]} programs
 * @returns {string[]} sorted, each once
 */
export function sharedLibraries(programs) {
  const found = new Set();
  for (const program of programs) {
    const text = lddOf(program);
    const missing = /^\s*(\S+) => not found$/m.exec(text);
    if (missing) throw new Error(`${program} needs ${missing[1]}, which is not installed`);
    for (const [, path] of text.matchAll(/(?:^|\s)(\/\S+) \(0x[0-9a-f]+\)$/gm)) found.add(path);
  }
  return [...found].toSorted(byCodeUnit);
}

function lddOf(program) {
  try {
    return run('ldd', [program]);
  } catch (error) {
    if (/not a dynamic executable/.test(`${error.stdout}${error.stderr}`)) return '';
    throw error;
  }
}

/** Where a file is once the directory links of a merged /usr (`/lib` → `usr/lib`) are followed. @param {string} path */
export const mergedPath = (path) => join(realpathSync(dirname(path)), basename(path));

/**
 * The packages that files belong to, sorted by name. A file that no package owns is an error: nobody could say what it is.
 * @param {readonly string[]} paths
 * @returns {DebianPackage[]}
 */
export function owningPackages(paths) {
  const names = new Map(paths.map((path) => [path, namesOf(path)]));
  const owners = ownersOf([...names.values()].flat());
  const found = paths.map((path) => {
    const known = names.get(path).find((name) => owners.has(name));
    if (known === undefined) throw new Error(`${path} belongs to no Debian package`);
    return owners.get(known);
  });
  return [...new Set(found)].toSorted(byCodeUnit).map(describe);
}

/** dpkg knows a file by the path in its package, which may be the one before /usr was merged, or that of a link's target. */
function namesOf(path) {
  const names = [path, mergedPath(path), realpathSync(path)];
  return [...new Set(names.flatMap((name) => [name, name.replace(/^\/usr\//, '/')]))];
}

/** One query for all: each reads the lists of every installed package. @returns {Map<string, string>} path → package */
function ownersOf(paths) {
  const { stdout } = spawnSync('dpkg-query', ['--search', ...paths], { encoding: 'utf8', env: english });
  const lines = stdout.split('\n').map((line) => line.split(': '));
  return new Map(
    lines.filter(([, path]) => path !== undefined).map(([owners, path]) => [path, owners.split(', ')[0]]),
  );
}

function describe(owner) {
  const fields = ['Package', 'Version', 'Architecture', 'source:Package'].map((field) => `\${${field}}`);
  const [name, version, architecture, source] = run('dpkg-query', [
    '--show',
    `--showformat=${fields.join('\t')}`,
    owner,
  ]).split('\t');
  const copyright = `/usr/share/doc/${name}/copyright`;
  return {
    name,
    version,
    architecture,
    source,
    control: run('dpkg-query', ['--status', owner]),
    copyright: existsSync(copyright) ? readFileSync(copyright, 'utf8') : undefined,
  };
}
