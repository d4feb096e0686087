import { chmodSync, copyFileSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { walk } from './tree-hash.mjs';

/** The folder that becomes the image's `/`. Paths are absolute in the image; modes do not depend on the caller's umask. */
export class RootFolder {
  /** @param {string} path on this machine, empty or not there */
  constructor(path) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
  }

  /** @param {string} path @param {number} [mode] */
  folder(path, mode = 0o755) {
    if (path === '/') return;
    this.folder(dirname(path));
    mkdirSync(this.at(path), { recursive: true });
    chmodSync(this.at(path), mode);
  }

  /** @param {string} path @param {string} text @param {number} [mode] */
  write(path, text, mode = 0o644) {
    this.folder(dirname(path));
    writeFileSync(this.at(path), text);
    chmodSync(this.at(path), mode);
  }

  /** What a link leads to is copied, not the link. @param {string} from on this machine @param {string} path @param {number} [mode] */
  copy(from, path, mode = 0o644) {
    this.folder(dirname(path));
    copyFileSync(from, this.at(path));
    chmodSync(this.at(path), mode);
  }

  /** Relative targets only: an absolute one would lead out of the folder while it is looked at from outside. */
  link(target, path) {
    if (target.startsWith('/')) throw new Error(`link ${path}: ${target} is absolute`);
    this.folder(dirname(path));
    symlinkSync(target, this.at(path));
  }

  /** Gives everything one time, in seconds since 1970; call it last. @param {number} epoch */
  setTimes(epoch) {
    for (const path of walk(this.path)) lutimesSync(join(this.path, path), epoch, epoch);
    lutimesSync(this.path, epoch, epoch);
  }

  at(path) {
    return join(this.path, path);
  }
}
