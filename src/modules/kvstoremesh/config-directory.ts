import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { StartError } from '../../common/start-error.js';
import { Wakeup } from '../../common/wakeup.js';

export interface ConfigDirectoryOptions {
  readonly path: string;
  /** A file of this name is ours, not a remote cluster's. */
  readonly ownCluster: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly listener: ConfigDirectoryListener;
  /** How often everything is looked at, whether or not the system told of a change. ms. */
  readonly pollMs?: number;
  /** How long a file must be gone, or useless, until it counts as removed. ms. */
  readonly graceMs?: number;
}

export interface ConfigDirectoryListener {
  added(cluster: string): void;
  /** Other content, were it one comment. */
  changed(cluster: string): void;
  removed(cluster: string): void;
}

interface Known {
  hash: string;
  /** Monotonic ms since which it has been missing. */
  missingSince?: number;
}

/**
 * The directory with one etcd configuration a remote cluster (spec/kvstoremesh.md §3): a readable file whose text has
 * `endpoints:` in it. Looked at by content, so swapped links count as what they lead to, and equal content as no change.
 * What seems gone is looked at again before it counts: a file that is rewritten in place is empty for a moment.
 */
export class ConfigDirectory implements StageSource {
  private readonly known = new Map<string, Known>();
  private readonly wakeup = new Wakeup();
  private readonly stage: Stage<'readable' | 'unreadable'>;

  constructor(private readonly options: ConfigDirectoryOptions) {
    this.stage = new Stage<'readable' | 'unreadable'>('readable', () => options.clock.now());
  }

  stageStatus(): readonly StageStatus[] {
    const { state, since, lastError } = this.stage;
    const missing = [...this.known.values()].filter(({ missingSince }) => missingSince !== undefined);
    return [
      {
        name: 'configuration-directory',
        state,
        since,
        healthy: state === 'readable',
        ...(lastError ? { lastError } : {}),
        counts: { clusters: this.known.size, missingFiles: missing.length },
        details: { path: this.options.path },
      },
    ];
  }

  /** The first look. @throws StartError when there is no such directory. */
  async open(): Promise<void> {
    const { path } = this.options;
    const isDirectory = await stat(path).then(
      (found) => found.isDirectory(),
      (error: unknown) => {
        throw new StartError(`cannot read the ClusterMesh configuration directory "${path}"`, {
          cause: error,
        });
      },
    );
    if (!isDirectory) throw new StartError(`"${path}" is no directory, as --clustermesh-config must be`);
    await this.look();
  }

  /** Looks at every hint of the system, and in any case every few seconds. Resolves on abort. */
  async run(signal: AbortSignal): Promise<void> {
    const { pollMs = 2000, graceMs = 1000, clock } = this.options;
    this.hints(signal);
    while (!signal.aborted) {
      const missing = [...this.known.values()].some(({ missingSince }) => missingSince !== undefined);
      const pause = new AbortController();
      const either = AbortSignal.any([signal, pause.signal]);
      await Promise.race([this.wakeup.wait(either), clock.sleep(missing ? graceMs / 4 : pollMs, either)]);
      pause.abort();
      if (!signal.aborted) await this.look();
    }
  }

  /** Without hints (some file systems have none) polling does the work alone. */
  private hints(signal: AbortSignal): void {
    const { path, log } = this.options;
    try {
      const watcher = watch(path, { signal, persistent: false }, () => this.wakeup.wake());
      watcher.on('error', (error) => log.debug('No hints of changes any more, polling', { path, error }));
    } catch (error) {
      log.debug('No hints of changes, polling', { path, error });
    }
  }

  private async look(): Promise<void> {
    const hashes = await this.hashes();
    if (!hashes) return;
    for (const [cluster, hash] of hashes) this.present(cluster, hash);
    for (const cluster of this.known.keys()) if (!hashes.has(cluster)) this.missing(cluster);
  }

  private present(cluster: string, hash: string): void {
    const { listener } = this.options;
    const known = this.known.get(cluster);
    if (!known) {
      this.known.set(cluster, { hash });
      listener.added(cluster);
      return;
    }
    delete known.missingSince;
    if (known.hash === hash) return;
    known.hash = hash;
    listener.changed(cluster);
  }

  private missing(cluster: string): void {
    const { clock, listener, graceMs = 1000 } = this.options;
    const known = this.known.get(cluster);
    if (!known) return;
    known.missingSince ??= clock.monotonic();
    if (clock.monotonic() - known.missingSince < graceMs) return;
    this.known.delete(cluster);
    listener.removed(cluster);
  }

  /** undefined: the directory itself cannot be read, which says nothing of its files. */
  private async hashes(): Promise<ReadonlyMap<string, string> | undefined> {
    const { path, ownCluster, log } = this.options;
    const names = await readdir(path).catch((error: unknown) => {
      this.stage.failed(error);
      if (this.stage.state === 'readable')
        log.warn('The configuration directory cannot be read: nothing changes', { path, error });
      this.stage.transition('unreadable');
      return undefined;
    });
    if (!names) return undefined;
    this.stage.transition('readable');
    const hashes = new Map<string, string>();
    for (const name of names) {
      const content = name === ownCluster ? undefined : await contentOf(join(path, name));
      if (content?.includes('endpoints:'))
        hashes.set(name, createHash('sha256').update(content).digest('hex'));
    }
    return hashes;
  }
}

/** undefined for what is no readable file: folders, broken links, files of others. */
async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}
