import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface VolumeFile {
  readonly content: string;
  readonly mode: number;
}

/**
 * A directory that changes as a mounted Secret does: every file is a link into `..data`, itself a link that swaps to the new
 * version in one step.
 */
export class SecretVolume {
  private version = 0;

  private constructor(readonly dir: string) {}

  /** @param dir is made; without it the volume is in a folder of its own. */
  static async create(
    files: Readonly<Record<string, string | VolumeFile>>,
    dir?: string,
  ): Promise<SecretVolume> {
    if (dir !== undefined) await mkdir(dir, { recursive: true });
    const volume = new SecretVolume(dir ?? (await mkdtemp(join(tmpdir(), 'secret-'))));
    await volume.swap(files);
    return volume;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** All files at once; a file that is not among them is gone. */
  async swap(files: Readonly<Record<string, string | VolumeFile>>): Promise<void> {
    const version = `..v${++this.version}`;
    await mkdir(this.path(version));
    for (const [name, file] of Object.entries(files)) {
      const { content, mode } = typeof file === 'string' ? { content: file, mode: 0o644 } : file;
      await writeFile(join(this.dir, version, name), content, { mode });
    }
    await symlink(version, this.path('..next'));
    await rename(this.path('..next'), this.path('..data'));
    for (const name of Object.keys(files)) {
      await symlink(join('..data', name), this.path(name)).catch(ignoreExisting);
    }
    const gone = (await readdir(this.dir)).filter((name) => !name.startsWith('..') && !(name in files));
    await Promise.all(gone.map((name) => rm(this.path(name))));
  }

  /** One file, as `kubectl cp` or an editor would: not atomic with the others. */
  async writeInPlace(name: string, content: string): Promise<void> {
    await writeFile(this.path(name), content);
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
