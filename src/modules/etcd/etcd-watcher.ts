import { Backoff } from '../../common/backoff.js';
import type { Bytes } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import { etcdFault } from './etcd-fault.js';
import { type ClientSource, prefixRange } from './etcd-kv.js';
import { EtcdFault, type KvWatcher, type KvWatchHandler } from './kv.js';
import type { WatchEnd } from './watch.js';
import { WatchStream } from './watch-stream.js';

export interface EtcdWatcherOptions {
  readonly client: ClientSource;
  readonly clock: Clock;
  /** Uniform in [0, 1), for the jitter. */
  readonly random: () => number;
  /** A stream that was silent for this long is asked for a sign of life, and given up when none comes in as long. ms. */
  readonly silenceMs?: number;
}

const defaultSilenceMs = 30_000;

/**
 * Watches with a stream of their own each: the connection is shared, so a stream costs little, and one that fails takes no
 * other with it. Each goes on after the last event that its handler was given; it never skips because a header said so.
 */
export class EtcdWatcher implements KvWatcher {
  constructor(private readonly options: EtcdWatcherOptions) {}

  async watch(
    target: { readonly prefix: Bytes } | { readonly key: Bytes },
    startRevision: number,
    handler: KvWatchHandler,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random } = this.options;
    const backoff = new Backoff({ baseMs: 100, maxMs: 5000, jitter: 'decorrelated', random });
    const range = watchRange(target);
    let next = startRevision;
    let down = false;
    while (!signal.aborted) {
      const end = await this.attempt(range, next, handler, signal);
      if (signal.aborted) return;
      // Once an outage, be it that the very first attempt fails.
      if (end.connected || !down) handler.onDisconnected?.(end.fault);
      down = true;
      if (end.connected) backoff.reset();
      const read = await readAgain(end, handler, signal);
      next = read === undefined ? end.next : read + 1;
      // What was read again after a lost history is to be followed at once.
      if (!end.connected || read === undefined) await clock.sleep(backoff.next(), signal);
    }
  }

  private async attempt(
    range: object,
    next: number,
    handler: KvWatchHandler,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    const { client, clock, silenceMs = defaultSilenceMs } = this.options;
    try {
      const stream = new WatchStream({ client: client(), clock, silenceMs });
      return await stream.watch({ range, next, handler }, signal);
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      return { next, fault: etcdFault(error), connected: false, compactRevision: 0 };
    }
  }
}

/** The revision that the handler read the range at; undefined when it need not, or could not. */
async function readAgain(
  { compactRevision }: WatchEnd,
  handler: KvWatchHandler,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (compactRevision === 0) return undefined;
  try {
    return await handler.onCompacted(compactRevision);
  } catch (error) {
    if (error instanceof EtcdFault || signal.aborted) return undefined;
    throw error;
  }
}

function watchRange(target: { readonly prefix: Bytes } | { readonly key: Bytes }): object {
  if ('key' in target) return { key: Buffer.from(target.key, 'latin1') };
  const { key, rangeEnd } = prefixRange(target.prefix);
  return { key, range_end: rangeEnd };
}
