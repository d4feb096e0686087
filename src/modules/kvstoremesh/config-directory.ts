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
  /** A file of this name is no remote cluster's: it is left alone, and said to be there. */
  readonly ownCluster: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly listener: ConfigDirectoryListener;
  /** How often everything is looked at, whether or not the system told of a change. ms. */
  readonly pollMs?: number;
  /** How long a file must be gone until it counts as removed. ms. */
  readonly graceMs?: number;
  /** And how long one that is there must be useless: who writes it in place may wait for what to write. ms. */
  readonly uselessGraceMs?: number;
}

export interface ConfigDirectoryListener {
  added(cluster: string): void;
  /** Other content, were it one comment. */
  changed(cluster: string): void;
  removed(cluster: string): void;
}

/** missing: there is no such file. useless: it cannot be read, or has no `endpoints:` in it. */
type Lapse = 'missing' | 'useless';

interface Known {
  hash: string;
  /** What is wrong with its file now, and since when (monotonic ms). */
  lapse?: { readonly kind: Lapse; readonly since: number };
}

/**
 * The directory with one etcd configuration a remote cluster (spec/kvstoremesh.md §3): a readable file whose text has
 * `endpoints:` in it. Looked at by content, so swapped links count as what they lead to, and equal content as no change.
 * What seems gone is looked at again before it counts: a file that is rewritten in place is empty for a moment, or for as
 * long as a download takes to begin.
 */
export class ConfigDirectory implements StageSource {
  private readonly known = new Map<string, Known>();
  private readonly wakeup = new Wakeup();
  private readonly stage: Stage<'readable' | 'unreadable'>;
  private ownFile = false;
  private readonly graces: Readonly<Record<Lapse, number>>;

  constructor(private readonly options: ConfigDirectoryOptions) {
    const { graceMs = 1000, uselessGraceMs = 30_000 } = options;
    this.graces = { missing: graceMs, useless: uselessGraceMs };
    this.stage = new Stage<'readable' | 'unreadable'>('readable', () => options.clock.now());
  }

  /** There is a configuration that is named as our own cluster. */
  get namesOwnCluster(): boolean {
    return this.ownFile;
  }

  stageStatus(): readonly StageStatus[] {
    const { state, since, lastError } = this.stage;
    const warnings = this.warnings();
    return [
      {
        name: 'configuration-directory',
        state,
        since,
        healthy: state === 'readable',
        ...(lastError ? { lastError } : {}),
        counts: {
          clusters: this.known.size,
          missingFiles: this.lapsed('missing').length,
          uselessFiles: this.lapsed('useless').length,
          ownFiles: this.ownFile ? 1 : 0,
        },
        details: {
          path: this.options.path,
          ...(warnings.length > 0 ? { warnings: warnings.join('; ') } : {}),
        },
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
    const { clock } = this.options;
    this.hints(signal);
    while (!signal.aborted) {
      const pause = new AbortController();
      const either = AbortSignal.any([signal, pause.signal]);
      await Promise.race([this.wakeup.wait(either), clock.sleep(this.pauseMs(), either)]);
      pause.abort();
      if (!signal.aborted) await this.look();
    }
  }

  private pauseMs(): number {
    const { pollMs = 2000 } = this.options;
    const graces = [...this.known.values()].flatMap(({ lapse }) => (lapse ? [this.graces[lapse.kind]] : []));
    return Math.min(pollMs, ...graces.map((graceMs) => graceMs / 4));
  }

  private warnings(): string[] {
    const useless = this.lapsed('useless');
    const claims: [boolean, string][] = [
      [useless.length > 0, `useless: ${useless.join(', ')}`],
      [this.ownFile, `not followed, as it is named like our own cluster: ${this.options.ownCluster}`],
    ];
    return claims.filter(([holds]) => holds).map(([, text]) => text);
  }

  private lapsed(kind: Lapse): string[] {
    return [...this.known].filter(([, { lapse }]) => lapse?.kind === kind).map(([cluster]) => cluster);
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
    const files = await this.files();
    if (!files) return;
    const { ownCluster } = this.options;
    this.own(files.get(ownCluster) !== undefined);
    for (const [name, hash] of files) if (hash !== undefined && name !== ownCluster) this.present(name, hash);
    for (const cluster of this.known.keys())
      if (files.get(cluster) === undefined) this.absent(cluster, files.has(cluster) ? 'useless' : 'missing');
  }

  private own(present: boolean): void {
    const { ownCluster, log } = this.options;
    if (present && !this.ownFile)
      log.warn('A remote cluster is configured under the name of our own cluster: it is not followed', {
        clusterName: ownCluster,
      });
    this.ownFile = present;
  }

  private present(cluster: string, hash: string): void {
    const { listener } = this.options;
    const known = this.known.get(cluster);
    if (!known) {
      this.known.set(cluster, { hash });
      listener.added(cluster);
      return;
    }
    delete known.lapse;
    if (known.hash === hash) return;
    known.hash = hash;
    listener.changed(cluster);
  }

  private absent(cluster: string, kind: Lapse): void {
    const { clock, listener } = this.options;
    const known = this.known.get(cluster);
    if (!known) return;
    if (known.lapse?.kind !== kind) {
      known.lapse = { kind, since: clock.monotonic() };
      if (kind === 'useless') this.warnUseless(cluster);
    }
    if (clock.monotonic() - known.lapse.since < this.graces[kind]) return;
    this.known.delete(cluster);
    listener.removed(cluster);
  }

  private warnUseless(cluster: string): void {
    this.options.log.warn(
      'The configuration file of a remote cluster cannot be read or names no endpoints. If it stays so, the cluster is removed',
      { clusterName: cluster, graceMs: this.graces.useless },
    );
  }

  /**
   * The hash of each file that makes a cluster; undefined for what is useless.
   * @returns undefined when the directory itself cannot be read, which says nothing of its files.
   */
  private async files(): Promise<ReadonlyMap<string, string | undefined> | undefined> {
    const { path, log } = this.options;
    const names = await readdir(path).catch((error: unknown) => {
      this.stage.failed(error);
      if (this.stage.state === 'readable')
        log.warn('The configuration directory cannot be read: nothing changes', { path, error });
      this.stage.transition('unreadable');
      return undefined;
    });
    if (!names) return undefined;
    this.stage.transition('readable');
    const files = new Map<string, string | undefined>();
    for (const name of names) {
      const content = await contentOf(join(path, name));
      if (content) files.set(name, hashOf(content));
    }
    return files;
  }
}

function hashOf(content: Buffer): string | undefined {
  return content.includes('endpoints:') ? createHash('sha256').update(content).digest('hex') : undefined;
}

/** undefined for what is gone by now, or links to what is gone. What cannot be read is as useless as an empty file. */
async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : Buffer.alloc(0);
  }
}
