import { createHash } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from './api-server/api-error.js';
import type { DevApiServer } from './api-server/dev-api-server.js';
import type { KubeDocument } from './api-server/store/kube-document.js';
import { UnknownKindError } from './api-server/store/resource-table.js';
import { ManifestError, parseManifests } from './manifest-file.js';

export interface ManifestFolderOptions {
  readonly directory: string;
  readonly server: Pick<DevApiServer, 'apply' | 'delete'>;
  /** Gets each problem of a file once, until the file changes. */
  readonly onError: (message: string) => void;
  /** ms between two looks for what the operating system did not tell; default 1,000. */
  readonly pollMs?: number;
}

interface KnownFile {
  readonly hash: string;
  /** What it gave when it could last be used, by identity. */
  readonly objects: ReadonlyMap<string, KubeDocument>;
}

/**
 * Keeps an API server's objects equal to the YAML files of a folder and the folders in it, while they are edited. A file that
 * cannot be used keeps the objects that it gave before. An object that two files define lives until both let go of it.
 */
export class ManifestFolder {
  private files: ReadonlyMap<string, KnownFile> = new Map();
  private watcher: FSWatcher | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pending: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: ManifestFolderOptions) {}

  /**
   * Resolves when what is in the folder now is in the server; follows the folder from then on.
   * @throws Error if the folder cannot be read
   */
  async start(): Promise<void> {
    await this.sync();
    // Not every file system tells of changes, and none tells of all: polling decides, being told makes it quick.
    this.watcher = watch(this.options.directory, { recursive: true }, () => {
      this.lookSoon();
    });
    this.watcher.on('error', (error) => {
      this.options.onError(`${this.options.directory}: ${error.message}; looking every second instead`);
      this.watcher?.close();
    });
    this.timer = setInterval(() => {
      this.lookSoon();
    }, this.options.pollMs ?? 1_000);
  }

  /** Stops following. The objects stay. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    clearTimeout(this.pending);
    this.watcher?.close();
    await this.running;
  }

  /** Reads the folder once and applies what differs from the last time. */
  async sync(): Promise<void> {
    const { server } = this.options;
    const before = this.files;
    const after = await this.read();
    this.files = after;
    const wanted = identities(after);
    for (const [path, { objects }] of after) {
      if (before.get(path)?.objects === objects) continue;
      for (const object of objects.values()) this.attempt(path, () => server.apply(object));
    }
    for (const [path, { objects }] of before) {
      for (const [identity, object] of objects) {
        if (!wanted.has(identity)) this.attempt(path, () => server.delete(object));
      }
    }
  }

  /** An editor empties a file before it writes it: nobody may look in between. */
  private lookSoon(): void {
    clearTimeout(this.pending);
    this.pending = setTimeout(() => {
      this.running = this.running.then(() => this.follow());
    }, 50);
  }

  private async follow(): Promise<void> {
    try {
      await this.sync();
    } catch (error) {
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      // Removed while it was read, or unreadable for a moment: the next look decides.
      this.options.onError(error.message);
    }
  }

  private async read(): Promise<ReadonlyMap<string, KnownFile>> {
    const { directory } = this.options;
    const names = await readdir(directory, { recursive: true });
    const paths = names.filter((name) => /\.ya?ml$/.test(name)).sort();
    const files = new Map<string, KnownFile>();
    for (const path of paths) {
      const text = await readFile(join(directory, path), 'utf8');
      files.set(path, this.interpret(path, text));
    }
    return files;
  }

  private interpret(path: string, text: string): KnownFile {
    const hash = createHash('sha256').update(text).digest('base64');
    const known = this.files.get(path);
    if (known?.hash === hash) return known;
    try {
      const objects = parseManifests(text, join(this.options.directory, path));
      return { hash, objects: new Map(objects.map((object) => [identityOf(object), object])) };
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      this.options.onError(error.message);
      return { hash, objects: known?.objects ?? new Map() };
    }
  }

  /** What the server refuses, or has no kind for, is told; the file's other objects are none the worse. */
  private attempt(path: string, act: () => unknown): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof UnknownKindError)) throw error;
      this.options.onError(`${join(this.options.directory, path)}: ${error.message}`);
    }
  }
}

function identityOf({ apiVersion, kind, metadata }: KubeDocument): string {
  return JSON.stringify([apiVersion, kind, metadata.namespace ?? 'default', metadata.name]);
}

function identities(files: ReadonlyMap<string, KnownFile>): Set<string> {
  return new Set([...files.values()].flatMap(({ objects }) => [...objects.keys()]));
}
