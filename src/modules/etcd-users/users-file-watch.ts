import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../common/clock.js';
import { Wakeup } from '../../common/wakeup.js';

export interface UsersFileWatchOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly pollMs?: number;
  /** How long the content must stay the same to be taken for complete. */
  readonly settleMs?: number;
}

const defaultPollMs = 2000;
const defaultSettleMs = 100;

/**
 * Follows the content of a file. A ConfigMap volume swaps a symbolic link above the file, which file events do not show, so what
 * counts is the content behind the path, looked at every 2 s; events of its directory only make the next look come at once.
 */
export class UsersFileWatch {
  private readonly hint = new Wakeup();

  constructor(private readonly options: UsersFileWatchOptions) {}

  /** The content, once it has stopped changing: a file that is being rewritten in place is not taken for an empty one. */
  async read(signal: AbortSignal): Promise<string> {
    const { path, clock, settleMs = defaultSettleMs } = this.options;
    for (let before = await readFile(path, 'utf8'); ;) {
      await clock.sleep(settleMs, signal);
      signal.throwIfAborted();
      const now = await readFile(path, 'utf8');
      if (now === before) return now;
      before = now;
    }
  }

  /** Calls back when the content is another one, also when the file comes or goes. Resolves on abort. */
  async run(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { path, clock, pollMs = defaultPollMs } = this.options;
    this.followDirectory(signal);
    for (let last = await digestOf(path); !signal.aborted;) {
      await this.pause(pollMs, clock, signal);
      const now = await digestOf(path);
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

async function digestOf(path: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch (error) {
    return `unreadable: ${(error as NodeJS.ErrnoException).code}`;
  }
}
