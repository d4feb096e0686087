import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface BuildInfo {
  readonly version: string;
  /** Short commit, or `unknown`. */
  readonly revision: string;
  /** Of the commit, RFC3339, or `unknown`. */
  readonly date: string;
}

/** Filled in by scripts/bundle.mjs; a run from sources has none. */
declare const __BUILD_INFO__: BuildInfo | undefined;

/** What runs. The version has one source, package.json. */
export const buildInfo: BuildInfo =
  typeof __BUILD_INFO__ === 'undefined' || __BUILD_INFO__ === undefined ? fromPackageJson() : __BUILD_INFO__;

/** `0.1.0 1a2b3c4 2026-11-24T10:00:00+00:00 node version v20.20.2 linux/amd64`: the original's shape, node for go. */
export function versionLine(): string {
  const { version, revision, date } = buildInfo;
  return `${version} ${revision} ${date} node version ${process.version} ${process.platform}/${goArch(process.arch)}`;
}

/** Go's name of a processor, as container images and the `arch` label of metrics have it. */
export function goArch(arch: string): string {
  return { x64: 'amd64', ia32: '386' }[arch] ?? arch;
}

function fromPackageJson(): BuildInfo {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = dirname(folder);
  }
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { version, revision: 'unknown', date: 'unknown' };
}
