import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../common/clock.js';
import { Wakeup } from '../../common/wakeup.js';

export interface UsersFileWatchOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly pollMs?: number;
  /** How long the content must stay the same to be taken for complete. */
  readonly settleMs?: number;
}

export interface UsersText {
  readonly path: string;
  readonly text: string;
}

const defaultPollMs = 2000;
const defaultSettleMs = 100;
/** What `connect` puts beside the chart's file, one a cluster: Helm would take back what it wrote into that one. */
const connected = /^connected\.[-a-z0-9]+\.yaml$/;

/**
 * Follows the content of a file, and of the files `connected.<cluster>.yaml` in its directory. A ConfigMap volume swaps a symbolic
 * link above the files, which file events do not show, so what counts is the content behind the paths, looked at every 2 s; events
 * of the directory only make the next look come at once.
 */
export class UsersFileWatch {
  private readonly hint = new Wakeup();

  constructor(private readonly options: UsersFileWatchOptions) {}

  /**
   * The texts, the file's own first, once they have stopped changing: a file that is being rewritten in place is not taken for an
   * empty one. @throws Error of the file system.
   */
  async read(signal: AbortSignal): Promise<readonly UsersText[]> {
    const { path, clock, settleMs = defaultSettleMs } = this.options;
    for (let before = await readAll(path); ;) {
      await clock.sleep(settleMs, signal);
      signal.throwIfAborted();
      const now = await readAll(path);
      if (digestOf(now) === digestOf(before)) return now;
      before = now;
    }
  }

  /** Calls back when the content is another one, also when a file comes or goes. Resolves on abort. */
  async run(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { path, clock, pollMs = defaultPollMs } = this.options;
    this.followDirectory(signal);
    for (let last = await stateOf(path); !signal.aborted;) {
      await this.pause(pollMs, clock, signal);
      const now = await stateOf(path);
      if (now !== last) onChange();
      last = now;
    }
  }

  private async pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const either = AbortSignal.any([signal, woken.signal]);
    await Promise.race([this.hint.wait(either), clock.sleep(ms, either)]);
    woken.abort();
  }

  private followDirectory(signal: AbortSignal): void {
    try {
      const watcher = watch(dirname(this.options.path), { signal, persistent: false });
      watcher.on('change', () => this.hint.wake());
      // The directory is gone, or the system has no watches left: polling goes on.
      watcher.on('error', () => watcher.close());
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  }
}

async function readAll(path: string): Promise<UsersText[]> {
  const text = await readFile(path, 'utf8');
  const directory = dirname(path);
  const more = (await readdir(directory)).filter((name) => connected.test(name)).toSorted();
  const others = more.map(async (name) => {
    const other = join(directory, name);
    return { path: other, text: await readFile(other, 'utf8') };
  });
  return [{ path, text }, ...(await Promise.all(others))];
}

function digestOf(texts: readonly UsersText[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

async function stateOf(path: string): Promise<string> {
  try {
    return digestOf(await readAll(path));
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
  }
}
