import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildInfo } from './common/build-info.js';

/** What the build knew. */
interface Stamp {
  readonly version: string;
  /** Short commit hash, or `unknown`. */
  readonly revision: string;
  /** Of the commit, RFC3339, or `unknown`. */
  readonly date: string;
}

/** Filled in by scripts/bundle.mjs; what tsc built has none. */
declare const __BUILD_STAMP__: Stamp;

let known: Stamp | undefined;

export function buildInfo(): BuildInfo {
  const { version, revision } = stamp();
  return { version, revision: revision === 'unknown' ? '' : revision, arch: goArch(process.arch) };
}

/** `0.1.0 1a2b3c4 2026-11-24T10:00:00+00:00 node version v20.20.2 linux/amd64`: the original's shape, node for go. */
export function versionLine(): string {
  const { version, revision, date } = stamp();
  return `${version} ${revision} ${date} node version ${process.version} ${process.platform}/${goArch(process.arch)}`;
}

/** Go's name of a processor, as container images have it. */
export function goArch(arch: string): string {
  return { x64: 'amd64', ia32: '386' }[arch] ?? arch;
}

function stamp(): Stamp {
  known ??= typeof __BUILD_STAMP__ === 'undefined' ? stampOfPackage() : __BUILD_STAMP__;
  return known;
}

/** The version has one source, package.json; the nearest above this file is ours, built or not. */
function stampOfPackage(): Stamp {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = dirname(folder);
  }
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { version, revision: 'unknown', date: 'unknown' };
}
