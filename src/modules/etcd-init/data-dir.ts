import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../common/start-error.js';

/** Of the file system itself, not of whoever uses it. */
const fileSystemFolder = 'lost+found';
const etcdFolder = 'member';

/**
 * What is in the directory and will be removed: what an etcd left there. A directory of something else is refused, as a wrong
 * path must not cost data.
 * @throws StartError when it does not exist, or holds something else and `force` is not set.
 */
export async function entriesToRemove(directory: string, force: boolean): Promise<readonly string[]> {
  const entries = (await list(directory)).filter((name) => name !== fileSystemFolder);
  const strange = entries.filter((name) => name !== etcdFolder);
  if (strange.length === 0 || force) return entries;
  const some = strange.slice(0, 3).map((name) => JSON.stringify(name));
  const more = strange.length > some.length ? ` and ${strange.length - some.length} more` : '';
  throw new StartError(
    `${directory} holds ${some.join(', ')}${more}, which no etcd has put there; --force removes everything in it`,
    { exitCode: 255, prefixed: false },
  );
}

/** Removes these entries of the directory, not the directory itself. @throws StartError. */
export async function removeEntries(directory: string, entries: readonly string[]): Promise<void> {
  try {
    await Promise.all(entries.map((name) => rm(join(directory, name), { recursive: true, force: true })));
  } catch (cause) {
    throw new StartError(`cannot empty ${directory}`, { exitCode: 255, prefixed: false, cause });
  }
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'no such file or directory' : 'cannot be read';
    throw new StartError(`etcd data directory ${directory}: ${reason}`, {
      exitCode: 255,
      prefixed: false,
      cause,
    });
  }
}
