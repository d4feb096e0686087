import { type Bytes, bytesOf, textOf } from '../../common/bytes.js';
import { Backoff } from '../../common/backoff.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { EtcdFault, type Kv, type KvEntry, type KvEvent, type KvWatcher } from '../etcd/kv.js';

/** One prefix for all clusters; the slash at its end keeps out keys that merely begin alike. */
export const registerPrefix: Bytes = 'cilium/state/noderegister/v1/';

export function registerKey(name: string): Bytes {
  return registerPrefix + bytesOf(name);
}

export interface RegisterKeysOptions {
  readonly kv: Pick<Kv, 'range'>;
  readonly watcher: KvWatcher;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The key of this name was put or deleted, or may have been while nobody watched. */
  readonly onChange: (name: string) => void;
}

/** What etcd holds under the register prefix, kept up to date by a watch: the keys of the workloads as they are now. */
export class RegisterKeys {
  private entries = new Map<string, KvEntry>();
  private isListed = false;
  private isConnected = false;

  constructor(private readonly options: RegisterKeysOptions) {}

  /** Whether the first complete list has been read. */
  get listed(): boolean {
    return this.isListed;
  }

  /** Whether changes are heard of now. */
  get connected(): boolean {
    return this.isConnected;
  }

  get size(): number {
    return this.entries.size;
  }

  get(name: string): KvEntry | undefined {
    return this.entries.get(name);
  }

  names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** Reads, then watches, until the signal aborts. Rejects only for a bug. */
  async run(signal: AbortSignal, onListed: () => void = () => undefined): Promise<void> {
    const revision = await this.list(signal);
    if (revision === undefined) return;
    onListed();
    await this.options.watcher.watch(
      { prefix: registerPrefix },
      revision + 1,
      {
        onEvents: (events) => this.apply(events),
        onConnected: () => (this.isConnected = true),
        onDisconnected: () => (this.isConnected = false),
        onCompacted: async () => (await this.list(signal)) ?? 0,
      },
      signal,
    );
  }

  /** The revision that was read; undefined when the signal aborted first. */
  private async list(signal: AbortSignal): Promise<number | undefined> {
    const { clock, log, random } = this.options;
    const backoff = new Backoff({ baseMs: 200, maxMs: 10_000, jitter: 'decorrelated', random });
    while (!signal.aborted) {
      try {
        return await this.read(signal);
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        if (signal.aborted) return undefined;
        log.warn('Reading the registrations of external workloads failed. Retrying...', { error });
      }
      await clock.sleep(backoff.next(), signal);
    }
    return undefined;
  }

  private async read(signal: AbortSignal): Promise<number> {
    const found = new Map<string, KvEntry>();
    let revision = 0;
    for await (const page of this.options.kv.range(registerPrefix, { signal })) {
      revision = page.revision;
      for (const entry of page.entries) found.set(nameOf(entry.key), entry);
    }
    const before = this.entries;
    this.entries = found;
    this.isListed = true;
    for (const name of new Set([...before.keys(), ...found.keys()])) {
      if (before.get(name)?.modRevision !== found.get(name)?.modRevision) this.options.onChange(name);
    }
    return revision;
  }

  private apply(events: readonly KvEvent[]): void {
    for (const event of events) {
      const name = nameOf(event.type === 'put' ? event.entry.key : event.key);
      if (event.type === 'put') this.entries.set(name, event.entry);
      else this.entries.delete(name);
      this.options.onChange(name);
    }
  }
}

function nameOf(key: Bytes): string {
  return textOf(key.slice(registerPrefix.length));
}
