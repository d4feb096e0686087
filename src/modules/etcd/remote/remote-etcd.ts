import type { Bytes } from '../../../common/bytes.js';
import type { Clock } from '../../../common/clock.js';
import type { EtcdSettings } from '../config/etcd-config-loader.js';
import { openChannel, type KeepAlive } from '../etcd-channel.js';
import { EtcdKv, prefixRange } from '../etcd-kv.js';
import { EtcdFault, type Kv, type KvWatchHandler } from '../kv.js';
import type { WatchEnd } from '../watch.js';
import { WatchStream } from '../watch-stream.js';
import { GuardedClient, type RequestBudget } from './guarded-client.js';
import { reach, type ReachStep } from './reach.js';

/** The etcd of another cluster, over one connection, which is not replaced when it is lost. Only read: no key, no lease, no lock of ours is ever put there. */
export interface RemoteEtcd extends Pick<Kv, 'get' | 'range'> {
  readonly endpoint: string;
  /** How many endpoints its configuration names. */
  readonly endpoints: number;
  /** etcd's own cluster id, hexadecimal. */
  readonly clusterId: string;
  /** Set when another etcd cluster has answered: this connection is of no use any more. */
  readonly foreign: EtcdFault | undefined;
  /** One watch from `next` on, until it ends for whatever reason, be it that it cannot be opened. */
  watch(prefix: Bytes, next: number, handler: KvWatchHandler, signal: AbortSignal): Promise<WatchEnd>;
  close(): void;
}

export type ConnectStep = ReachStep | 'auth';

export interface ConnectOptions {
  readonly keepAlive: KeepAlive;
  readonly budget: RequestBudget;
  readonly clock: Clock;
  /** Uniform in [0, 1): the order of the endpoints. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly onStep: (step: ConnectStep) => void;
  /** Before every socket, of which an endpoint takes one to see the way and one for gRPC. Resolves false when the signal aborts first. */
  readonly admit: (signal: AbortSignal) => Promise<boolean>;
  /** What is read to see that we are let in; being refused this very key is being let in, too. */
  readonly probe: Bytes;
  /** For each step, ms. */
  readonly timeoutMs: number;
}

/**
 * Connects to the first endpoint that lets us in, in random order.
 * @throws EtcdFault of the last endpoint when none does, EtcdConfigError for certificates that cannot be used.
 */
export async function connectRemote(settings: EtcdSettings, options: ConnectOptions): Promise<RemoteEtcd> {
  let last: EtcdFault | undefined;
  const order = settings.config.endpoints.map((endpoint) => ({ endpoint, rank: options.random() }));
  for (const { endpoint } of order.toSorted((a, b) => a.rank - b.rank)) {
    try {
      await admitted(options);
      await reach(endpoint, settings, options);
      await admitted(options);
      return await enter(endpoint, settings, options);
    } catch (error) {
      if (!(error instanceof EtcdFault) || options.signal.aborted) throw error;
      last = error;
    }
  }
  throw last ?? new EtcdFault('no available endpoints', 'unavailable');
}

async function admitted({ admit, signal }: ConnectOptions): Promise<void> {
  if (!(await admit(signal))) throw new EtcdFault('cancelled', 'aborted');
}

async function enter(endpoint: string, settings: EtcdSettings, options: ConnectOptions): Promise<RemoteEtcd> {
  const { login } = settings.config;
  const { keepAlive, budget, signal, timeoutMs, probe, clock, onStep } = options;
  onStep('auth');
  const channel = openChannel(endpoint, settings, keepAlive, { reconnects: false });
  const client = new GuardedClient({ endpoint, channel, budget, ...(login ? { login } : {}) });
  const kv = new EtcdKv(() => client);
  try {
    await kv.get(probe, { signal, deadlineMs: timeoutMs });
  } catch (error) {
    if (!(error instanceof EtcdFault) || error.kind !== 'permission-denied') {
      client.close();
      if (!(error instanceof EtcdFault)) throw error;
      throw new EtcdFault(`${endpoint}: auth: ${error.message}`, error.kind, { cause: error });
    }
  }
  return new ConnectedEtcd(client, kv, settings.config.endpoints.length, clock);
}

/** A stream that says nothing for so long is asked for a sign of life, ms. */
const silenceMs = 30_000;

class ConnectedEtcd implements RemoteEtcd {
  readonly get: Kv['get'];
  readonly range: Kv['range'];
  private shared: WatchStream | undefined;

  constructor(
    private readonly client: GuardedClient,
    kv: EtcdKv,
    readonly endpoints: number,
    private readonly clock: Clock,
  ) {
    this.get = (key, options) => kv.get(key, options);
    this.range = (prefix, options) => kv.range(prefix, options);
  }

  get endpoint(): string {
    return this.client.endpoint;
  }

  get clusterId(): string {
    return this.client.clusterId;
  }

  get foreign(): EtcdFault | undefined {
    return this.client.foreign;
  }

  watch(prefix: Bytes, next: number, handler: KvWatchHandler, signal: AbortSignal): Promise<WatchEnd> {
    const { key, rangeEnd } = prefixRange(prefix);
    const range = { key, range_end: rangeEnd };
    // The heartbeat may be refused where the rest is allowed: not all share its fate.
    const stream = prefix.endsWith('/') ? this.sharedStream() : this.newStream();
    return stream.watch({ range, next, handler }, signal);
  }

  close(): void {
    this.client.close();
  }

  /** All folders share one: of hundreds of remote clusters each stream would cost. */
  private sharedStream(): WatchStream {
    if (this.shared?.over !== false) this.shared = this.newStream();
    return this.shared;
  }

  private newStream(): WatchStream {
    return new WatchStream({ client: this.client, clock: this.clock, silenceMs });
  }
}
