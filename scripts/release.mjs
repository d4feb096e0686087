// Makes a release: the version in every place, the CHANGELOG's section, a commit and a tag, and the artefacts in a folder.
// Nothing is pushed or published.
//
//     node scripts/release.mjs VERSION [--dry-run] [--out FOLDER]
//     node scripts/release.mjs --current [--out FOLDER]        the artefacts of the version that the tree has, again
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeArtefacts } from './lib/release/artefacts.mjs';
import { notesOf, release } from './lib/release/changelog.mjs';
import { compareVersions, isVersion } from './lib/release/semver.mjs';
import { agreedVersion, writeVersion } from './lib/release/version-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const changelog = join(root, 'CHANGELOG.md');
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();

const usage =
  'usage: node scripts/release.mjs VERSION [--dry-run] [--out FOLDER], or --current [--out FOLDER]';

function readArguments() {
  const options = { 'dry-run': { type: 'boolean' }, current: { type: 'boolean' }, out: { type: 'string' } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [version] = positionals;
  if (positionals.length !== (values.current ? 0 : 1) || (values.current && values['dry-run'])) {
    throw new Error(usage);
  }
  return { version, dryRun: values['dry-run'] === true, out: values.out };
}

function checkTree() {
  const changed = git('status', '--porcelain');
  if (changed !== '') throw new Error(`the tree has changes that are not committed:\n${changed}`);
}

function checkVersion(version, current) {
  if (!isVersion(version))
    throw new Error(`"${version}" is no version: expected MAJOR.MINOR.PATCH, as in 1.2.3 or 1.2.3-rc.1`);
  if (compareVersions(version, current) <= 0)
    throw new Error(`${version} is not newer than ${current}, which package.json has`);
  if (git('tag', '--list', `v${version}`) !== '') throw new Error(`there is a tag v${version} already`);
}

function checkFolder(folder) {
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
}

/** @returns the CHANGELOG with the version's section, today's */
const releasedChangelog = (version) =>
  release(readFileSync(changelog, 'utf8'), version, new Date().toISOString().slice(0, 10));

function commit(version, text) {
  const files = writeVersion(root, version);
  writeFileSync(changelog, text);
  git('add', changelog, ...files);
  git('commit', '--quiet', '--message', `Release ${version}`);
}

/** What is going to be released; nothing has been changed when it throws. */
function plan({ version: wanted, out }) {
  checkTree();
  const current = agreedVersion(root);
  if (wanted !== undefined) checkVersion(wanted, current);
  const version = wanted ?? current;
  const folder = resolve(out ?? join(root, 'dist/release', version));
  checkFolder(folder);
  const text = wanted === undefined ? readFileSync(changelog, 'utf8') : releasedChangelog(version);
  return { version, current, folder, text, notes: notesOf(text, version) };
}

async function releaseVersion({ version, folder, text }) {
  commit(version, text);
  try {
    await makeArtefacts(root, version, folder);
  } catch (error) {
    const next = `Release ${version} is committed, but not tagged. Mend it, then: node scripts/release.mjs --current`;
    throw new Error(`${error.message}\n${next}`, { cause: error });
  }
  git('tag', '--annotate', '--message', `Release ${version}`, `v${version}`);
}

async function main() {
  const given = readArguments();
  const planned = plan(given);
  const { version, current, folder, notes } = planned;
  if (given.dryRun) {
    console.log(`Would release ${version} after ${current} into ${folder}:\n\n${notes}`);
    return;
  }
  if (given.version === undefined) await makeArtefacts(root, version, folder);
  else await releaseVersion(planned);
  console.log(`${folder}:`);
  for (const file of readdirSync(folder)) console.log(`  ${file}`);
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
