import { ApiError, expired, invalid } from '../api-error.js';
import type { Faults } from '../faults.js';
import type { ServerVersion } from '../server-version.js';
import type { Change } from '../store/collection.js';
import type { ObjectStore } from '../store/object-store.js';
import { apiVersionOf } from '../store/resource-table.js';
import { restamp, type StoredObject } from '../store/stored-object.js';
import type { Answer } from './answer.js';
import { filterOf, resourceVersion, type Filter, type Query } from './list-query.js';
import { representationFor, type Representation } from './representation.js';
import type { RequestTarget } from './request-target.js';

type Frame = () => Buffer;

export interface WatchOptions {
  readonly store: ObjectStore;
  readonly target: RequestTarget;
  readonly answer: Answer;
  readonly faults: Faults;
  readonly version: ServerVersion;
}

/**
 * One open watch: what was there at its start, what happened since, then what happens, in order and without a gap.
 * Frames wait in a queue for a slow reader, and while a fault silences the watch.
 */
export class Watch {
  private readonly filter: Filter;
  private readonly representation: Representation;
  private readonly query: Query;
  private queue: Frame[] = [];
  private pumping = false;
  private ending = false;
  private unsubscribe: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @throws ApiError for a query that no watch can be made of. */
  constructor(private readonly options: WatchOptions) {
    const { target, answer } = options;
    this.query = answer.request.query;
    this.filter = filterOf(target, this.query);
    this.representation = representationFor(answer.request.accept, target.resource, target.version);
  }

  get path(): string {
    return this.options.answer.request.path;
  }

  /** Writes the headers and begins; events follow by themselves. @throws ApiError before anything is written. */
  start(): void {
    const { store, target, answer } = this.options;
    const collection = store.collection(target.resource);
    const from = this.startingPoint();
    answer.begin(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    answer.onClose(() => {
      this.stop();
    });
    if (from === 'now') this.addInitial(collection.list());
    else {
      const past = collection.since(from);
      if (!past) {
        this.fail(
          expired(`too old resource version: ${String(from)} (${String(collection.compactedRevision)})`),
        );
        return;
      }
      for (const change of past) this.add(change);
    }
    this.unsubscribe = collection.subscribe((change) => {
      this.add(change);
    });
    this.timer = setTimeout(() => {
      this.end();
    }, this.timeoutMs());
    this.flush();
  }

  /** Tells the reader how far it is, if it asked for that. */
  bookmark(): void {
    if (this.query.allowWatchBookmarks !== 'true' || this.ending) return;
    this.addBookmark({});
    this.flush();
  }

  /** Ends the stream in good order after what is queued. */
  end(): void {
    this.bookmark();
    this.ending = true;
    this.stop();
    this.flush();
  }

  private stop(): void {
    this.unsubscribe();
    clearTimeout(this.timer);
  }

  /** `now`: the objects that are there come first. */
  private startingPoint(): number | 'now' {
    const { version, target } = this.options;
    const from = resourceVersion(this.query.resourceVersion ?? '');
    const { sendInitialEvents } = this.query;
    if (sendInitialEvents !== undefined && version.atLeast(27)) {
      if (!version.atLeast(32)) {
        const why =
          'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
        throw invalid(target.resource, '', why);
      }
      if (this.query.resourceVersionMatch !== 'NotOlderThan') {
        const why =
          'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
        throw invalid(target.resource, '', why);
      }
      if (sendInitialEvents === 'true') return 'now';
    }
    return from === undefined || from === 0 ? 'now' : from;
  }

  private get watchList(): boolean {
    return this.query.sendInitialEvents === 'true' && this.options.version.atLeast(32);
  }

  private addInitial(objects: readonly StoredObject[]): void {
    for (const object of objects) if (this.filter(object)) this.addEvent('ADDED', object);
    if (this.watchList && this.query.allowWatchBookmarks === 'true') {
      this.addBookmark({ annotations: { 'k8s.io/initial-events-end': 'true' } });
    }
  }

  /** An object that starts to match the selector appears, one that stops to match disappears. */
  private add({ type, object, previous }: Change): void {
    const before = previous !== undefined && this.filter(previous);
    const after = type !== 'DELETED' && this.filter(object);
    if (after) this.addEvent(before ? 'MODIFIED' : 'ADDED', object);
    else if (before) this.addEvent('DELETED', restamp(previous, object.revision));
    this.flush();
  }

  private addEvent(type: Change['type'], object: StoredObject): void {
    this.queue.push(() => frame(type, this.representation.object(object)));
  }

  private addBookmark(metadata: Record<string, unknown>): void {
    const { store, target } = this.options;
    const object = Buffer.from(
      JSON.stringify({
        kind: target.resource.kind,
        apiVersion: apiVersionOf(target.resource.group, target.version),
        metadata: { resourceVersion: String(store.revision), creationTimestamp: null, ...metadata },
      }),
    );
    this.queue.push(() => frame('BOOKMARK', object));
  }

  private fail(error: ApiError): void {
    this.queue.push(() => frame('ERROR', Buffer.from(JSON.stringify(error.toStatus()))));
    this.ending = true;
    this.flush();
  }

  /** 30 to 60 minutes unless the client says how long, as a real server's min-request-timeout gives. */
  private timeoutMs(): number {
    const seconds = Number(this.query.timeoutSeconds ?? '0');
    return (seconds > 0 ? seconds : 1800 * (1 + Math.random())) * 1000;
  }

  private flush(): void {
    if (this.pumping) return;
    this.pumping = true;
    void this.pump();
  }

  private async pump(): Promise<void> {
    const { answer, faults } = this.options;
    for (;;) {
      await faults.audible(answer.request);
      const batch = this.queue.splice(0, 256);
      if (batch.length === 0 || answer.closed) break;
      await answer.write(Buffer.concat(batch.map((make) => make())));
    }
    this.pumping = false;
    if (this.ending) answer.end();
  }
}

const eventEnd = Buffer.from('}\n');

function frame(type: string, object: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, eventEnd]);
}
