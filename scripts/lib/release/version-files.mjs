// The version has one source, package.json; the lock file and the chart repeat it, and nothing else does.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { latestVersion } from './changelog.mjs';

const chart = 'charts/clustermesh-apiserver/Chart.yaml';

/** By place: the file, and what stands around the version in it. Text is edited, not data, so that the rest stays as it is. */
const places = {
  'package.json': ['package.json', /^(  "version": ")([^"]*)(",)$/m],
  'package-lock.json': ['package-lock.json', /^(  "version": ")([^"]*)(",)$/m],
  'package-lock.json, the root package': [
    'package-lock.json',
    /^(    "": \{\n      "name": "[^"]*",\n      "version": ")([^"]*)(",)$/m,
  ],
  'Chart.yaml, version': [chart, /^(version: )(\S+)()$/m],
  'Chart.yaml, appVersion': [chart, /^(appVersion: )(\S+)()$/m],
};

/**
 * The version as every place has it.
 * @param {string} root
 * @returns {Record<string, string | undefined>}
 */
export function versions(root) {
  const found = Object.entries(places).map(([place, [file, pattern]]) => {
    const [, , version] = pattern.exec(readFileSync(join(root, file), 'utf8')) ?? [];
    return [place, version];
  });
  return Object.fromEntries([
    ...found,
    ['CHANGELOG.md', latestVersion(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'))],
  ]);
}

/** The version of package.json. @param {string} root @throws Error that names the places that say something else */
export function agreedVersion(root) {
  const all = versions(root);
  const wanted = all['package.json'];
  const others = Object.entries(all).filter(([, version]) => version !== wanted);
  if (others.length > 0) {
    const list = others.map(([place, version]) => `${place} has ${version ?? 'none'}`).join(', ');
    throw new Error(`package.json has version ${wanted}, but ${list}`);
  }
  return wanted;
}

/** Writes a version to every place but the CHANGELOG. @param {string} root @param {string} version @returns {string[]} the files */
export function writeVersion(root, version) {
  for (const [place, [file, pattern]] of Object.entries(places)) {
    const text = readFileSync(join(root, file), 'utf8');
    if (!pattern.test(text)) throw new Error(`no version found in ${place}`);
    writeFileSync(join(root, file), text.replace(pattern, `$1${version}$3`));
  }
  return [...new Set(Object.values(places).map(([file]) => file))];
}
