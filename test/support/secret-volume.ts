import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A directory that changes as a mounted Secret does: every file is a link into `..data`, itself a link that swaps to the new
 * version in one step.
 */
export class SecretVolume {
  private version = 0;

  private constructor(readonly dir: string) {}

  static async create(files: Readonly<Record<string, string>>): Promise<SecretVolume> {
    const volume = new SecretVolume(await mkdtemp(join(tmpdir(), 'secret-')));
    await volume.swap(files);
    return volume;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** All files at once. */
  async swap(files: Readonly<Record<string, string>>): Promise<void> {
    const version = `..v${++this.version}`;
    await mkdir(this.path(version));
    for (const [name, content] of Object.entries(files))
      await writeFile(join(this.dir, version, name), content);
    await symlink(version, this.path('..next'));
    await rename(this.path('..next'), this.path('..data'));
    for (const name of Object.keys(files)) {
      await symlink(join('..data', name), this.path(name)).catch(ignoreExisting);
    }
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
