import { Backoff } from '../../common/backoff.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import type { BodyLimits } from './body-reader.js';
import { Deadline } from './deadline.js';
import { type KubeApi, KubeError, type KubeObject, type ResourceSink } from './kube-api.js';
import { readList } from './list-reader.js';
import { ReflectedObjects } from './reflected-objects.js';
import { classifyFailure, type ReflectorTask } from './reflector-failure.js';
import { ReflectorRequests, type ReflectorSubject } from './reflector-requests.js';
import { defaultReflectorTiming, type ReflectorTiming } from './reflector-timing.js';
import { VersionCursor } from './version-cursor.js';
import { watchEvents, type WatchEvent } from './watch-stream.js';

/**
 *     idle ──▶ listing ──▶ watching ⇄ backoff        listing: a list, or a watch's initial events
 *                 ▲  ▲──────────┘ │      │           backoff: waits before the same is tried again
 *                 └──────────────────────┘           any ──▶ stopped
 */
export type ReflectorState = 'idle' | 'listing' | 'watching' | 'backoff' | 'stopped';

export interface ReflectorOptions<T extends KubeObject = KubeObject> extends ReflectorSubject {
  readonly api: Pick<KubeApi, 'stream'>;
  readonly sink: ResourceSink<T>;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Objects arrive as the first events of a watch (KubernetesServer.watchList) instead of a list; falls back when refused. Default false. */
  readonly watchList?: boolean;
  /** Items a page of a list that the API server reads from etcd, default 500; 0 = no pages. */
  readonly pageLimit?: number;
  readonly timing?: Partial<ReflectorTiming>;
}

interface Resync {
  resolve(result: { listed: number }): void;
  reject(error: Error): void;
}

/** A list in progress: the keys that it has shown so far, and who waits for its end. */
interface Listing {
  readonly seen: Set<string>;
  readonly resyncs: readonly Resync[];
}

const defaultPageLimit = 500;
/**
 * When the version was of no use more often than that in a row, the next list waits, and is asked for in one piece: its pages may expire
 * faster than they can be read.
 */
const maxExpirations = 2;

/**
 * Keeps a sink equal to what the API server has of one kind: list, then watch, for ever. Nothing is deleted on the strength
 * of a list that was not read to its end; a broken watch goes on where it was. Memory: the keys of a list while it is read.
 */
export class Reflector<T extends KubeObject = KubeObject> implements StageSource {
  private readonly stage: Stage<ReflectorState>;
  private readonly objects: ReflectedObjects<T>;
  private readonly requests: ReflectorRequests;
  private readonly timing: ReflectorTiming;
  private readonly backoff: Backoff;
  private readonly version = new VersionCursor();
  private readonly name: string;
  private watchList: boolean;
  private synced = false;
  private mustList = true;
  private resyncs: Resync[] = [];
  private listing: Listing | undefined;
  /** The present attempt and the wait after it. */
  private round: Deadline | undefined;
  /** In a row. */
  private failures = 0;
  /** How often in a row the version was of no use. */
  private expirations = 0;
  private errors = 0;
  private lists = 0;
  private receivedEvents = 0;
  private lastByteAt: number | undefined;
  private complaint = '';

  constructor(private readonly options: ReflectorOptions<T>) {
    const { resource, clock, log, sink, random } = options;
    this.name = resource.plural;
    this.requests = new ReflectorRequests(options);
    this.watchList = options.watchList ?? false;
    this.timing = { ...defaultReflectorTiming, ...options.timing };
    this.stage = new Stage<ReflectorState>(
      'idle',
      () => clock.now(),
      (from, to) => log.debug('Reflector changes state', { resource: this.name, from, to }),
    );
    this.objects = new ReflectedObjects(sink, log, this.name);
    const { backoffBaseMs: baseMs, backoffMaxMs: maxMs } = this.timing;
    this.backoff = new Backoff({ baseMs, maxMs, jitter: 'full', random });
  }

  /** Until the signal aborts. Rejects only for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const round = new Deadline(this.options.clock, Infinity, signal);
      this.round = round;
      const task = this.nextTask();
      try {
        if (task === 'list') await this.list(round.signal);
        else await this.watch(task, round.signal);
      } catch (error) {
        if (!round.signal.aborted) await this.recover(error, task, round.signal);
      } finally {
        round.release();
      }
    }
    this.stage.transition('stopped');
    for (const { reject } of this.resyncs.splice(0)) reject(this.stopped());
  }

  /**
   * Lists again, now. Resolves when what the list shows, and what it lacks, was given to the sink; an outage makes it wait.
   * Rejects when the reflector stops first.
   */
  resync(): Promise<{ listed: number }> {
    if (this.stage.state === 'stopped') return Promise.reject(this.stopped());
    return new Promise((resolve, reject) => {
      this.resyncs.push({ resolve, reject });
      if (!this.listing) this.round?.abort();
    });
  }

  stageStatus(): readonly StageStatus[] {
    const { state, since, lastError } = this.stage;
    const { upserts, deletes, rejected, objects } = this.objects;
    const { receivedEvents, errors, lastByteAt } = this;
    const relists = Math.max(0, this.lists - 1);
    const lagMs = lastByteAt === undefined ? 0 : Math.round(this.options.clock.monotonic() - lastByteAt);
    return [
      {
        name: `kubernetes/${this.name}`,
        state,
        since,
        healthy: state === 'watching' || (state === 'listing' && this.synced && this.failures === 0),
        ...(lastError === undefined ? {} : { lastError }),
        counts: {
          receivedEvents,
          upserts,
          deletes,
          rejectedObjects: rejected,
          objects,
          relists,
          errors,
          lagMs,
        },
        details: { resourceVersion: this.version.current, synced: this.synced, watchList: this.watchList },
      },
    ];
  }

  private nextTask(): ReflectorTask {
    if (!this.mustList && this.resyncs.length === 0) return 'watch';
    return this.watchList ? 'watch-list' : 'list';
  }

  private async list(signal: AbortSignal): Promise<void> {
    const listing = this.beginListing();
    try {
      const { query, accept } = this.requests.list(this.version.forList());
      const version = await readList({
        api: this.options.api,
        path: this.requests.path,
        query,
        pageLimit: this.expirations > maxExpirations ? 0 : (this.options.pageLimit ?? defaultPageLimit),
        stream: { accept, signal, headersTimeoutMs: this.timing.headersMs },
        limits: this.limits(Infinity),
        onItem: (object) => this.show({ type: 'MODIFIED', object: object as KubeObject }, listing),
      });
      this.completeListing(listing, version);
    } finally {
      this.abandonListing();
    }
  }

  private async watch(task: ReflectorTask, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.options;
    const { watchMinMs, watchMaxMs, graceMs, shortWatchMs, healthyWatchMs } = this.timing;
    const seconds = Math.max(1, Math.ceil((watchMinMs + random() * (watchMaxMs - watchMinMs)) / 1000));
    const startedAt = clock.monotonic();
    let events = 0;
    if (task === 'watch-list') this.beginListing();
    try {
      for await (const event of this.events(task, seconds, this.limits(seconds * 1000 + graceMs), signal)) {
        events++;
        this.take(event);
        if (signal.aborted || (!this.listing && this.resyncs.length > 0)) return;
      }
      if (this.listing) throw new KubeError('the watch ended within its initial events', 0, 'InvalidBody');
    } finally {
      this.abandonListing();
      if (clock.monotonic() - startedAt >= healthyWatchMs) this.succeeded();
    }
    if (events === 0 && clock.monotonic() - startedAt < shortWatchMs) {
      throw new KubeError('very short watch: it ended without an event', 0, 'VeryShortWatch');
    }
  }

  private async *events(
    task: ReflectorTask,
    seconds: number,
    limits: BodyLimits,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent> {
    const initial = task === 'watch-list';
    const from = initial ? this.version.forList() : this.version.current;
    const { query, accept } = this.requests.watch(from, seconds, initial);
    const stream = { query, accept, signal, headersTimeoutMs: this.timing.headersMs };
    const body = await this.options.api.stream(this.requests.path, stream);
    this.lastByteAt = this.options.clock.monotonic();
    if (!initial) this.stage.transition('watching');
    yield* watchEvents(body, limits);
  }

  private take(event: WatchEvent): void {
    const { metadata } = event.object;
    const { listing } = this;
    const bookmark = event.type === 'BOOKMARK';
    if (!bookmark) this.receivedEvents++;
    if (!listing) {
      this.objects.apply(event);
      this.version.seen(metadata?.resourceVersion);
      this.succeeded();
    } else if (!bookmark) {
      // Initial events carry the versions of their objects, in no order: none of them is one to go on from.
      this.show(event, listing);
    } else if (metadata?.annotations?.['k8s.io/initial-events-end'] === 'true') {
      this.completeListing(listing, metadata.resourceVersion ?? '');
      this.stage.transition('watching');
    }
  }

  private beginListing(): Listing {
    this.stage.transition('listing');
    this.listing = { seen: new Set(), resyncs: this.resyncs.splice(0) };
    return this.listing;
  }

  private show(event: WatchEvent, { seen }: Listing): void {
    const key = this.objects.apply(event);
    if (key === undefined) return;
    if (event.type === 'DELETED') seen.delete(key);
    else seen.add(key);
  }

  private completeListing({ seen, resyncs }: Listing, version: string): void {
    this.listing = undefined;
    this.objects.replaced(seen);
    this.version.listed(version);
    this.mustList = false;
    this.lists++;
    if (!this.synced) {
      this.synced = true;
      this.options.sink.synced();
    }
    for (const { resolve } of resyncs) resolve({ listed: seen.size });
  }

  /** Those who wait for a list that was not read to its end wait for the next one. */
  private abandonListing(): void {
    if (this.listing) this.resyncs.unshift(...this.listing.resyncs);
    this.listing = undefined;
  }

  private async recover(error: unknown, task: ReflectorTask, signal: AbortSignal): Promise<void> {
    if (!(error instanceof KubeError)) throw error;
    const failure = classifyFailure(error, task, this.failures);
    if (failure === 'over') return;
    if (failure === 'unsupported') {
      this.watchList = false;
      this.options.log.info('The API server serves no watch lists, using lists', {
        resource: this.name,
        error,
      });
      return;
    }
    this.failures++;
    this.failed(error, task);
    if (failure !== 'retry' && this.expire(failure)) return;
    this.stage.transition('backoff');
    const ceiling = error.status === 0 ? this.timing.connectBackoffMaxMs : Infinity;
    const pause = Math.min(this.backoff.next(), ceiling) + (error.retryAfterMs ?? 0);
    await this.options.clock.sleep(pause, signal);
  }

  /** Whether to list at once: to lose the version is normal after an outage, for the watch and then for the list. */
  private expire(failure: 'relist' | 'newest'): boolean {
    this.mustList = true;
    if (failure === 'newest') this.version.expired();
    return ++this.expirations <= maxExpirations;
  }

  /** Loud when the failure is another than the last. */
  private failed(error: KubeError, task: ReflectorTask): void {
    this.errors++;
    this.stage.failed(error);
    const fields = { resource: this.name, task, error };
    const complaint = `${task} ${String(error.status)} ${error.reason}`;
    const again = this.complaint === complaint;
    this.complaint = complaint;
    if (again) this.options.log.debug('Kubernetes list or watch failed again', fields);
    else this.options.log.warn('Kubernetes list or watch failed, trying again', fields);
  }

  private succeeded(): void {
    this.failures = 0;
    this.expirations = 0;
    this.complaint = '';
    this.backoff.reset();
  }

  private limits(durationMs: number): BodyLimits {
    const { clock } = this.options;
    const onBytes = (): void => {
      this.lastByteAt = clock.monotonic();
    };
    return { clock, silenceMs: this.timing.silenceMs, durationMs, onBytes };
  }

  private stopped(): Error {
    return new Error(`the reflector of ${this.name} stopped`);
  }
}
