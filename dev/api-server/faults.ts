import type { ServerResponse } from 'node:http';

/** One request as it came in. */
export interface RequestRecord {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly watch: boolean;
  readonly userAgent: string;
  readonly accept: string;
  /** ms since the epoch. */
  readonly at: number;
  /** Undefined while it is being answered; 0: it was never answered. */
  status?: number;
}

/** Which requests: a text is part of the path, a RegExp matches the path, an object has all that must be true. */
export type FaultScope =
  | string
  | RegExp
  | {
      readonly path?: string | RegExp;
      readonly method?: string;
      readonly watch?: boolean;
      readonly where?: (request: RequestRecord) => boolean;
    };

export type FaultEffect =
  | {
      readonly kind: 'fail';
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      /** Seconds. */
      readonly retryAfter?: number;
    }
  | { readonly kind: 'reset' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'truncate'; readonly bytes: number }
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: 'silence' };

/** @internal A fault as the request sees it that has met it. */
export interface MetFault<E extends FaultEffect> {
  readonly effect: E;
  readonly inForce: boolean;
  /** Resolves with release(). */
  readonly released: Promise<void>;
}

/** A fault in force. */
export interface Fault {
  /** How many requests it has met. */
  readonly hits: number;
  /** Ends it: stalled requests are answered now, silent watches deliver what they held back. */
  release(): void;
}

interface OpenWatch {
  readonly request: RequestRecord;
  readonly end: () => void;
}

class ActiveFault implements Fault {
  hits = 0;
  inForce = true;
  readonly released: Promise<void>;
  private resolve: () => void = () => undefined;

  constructor(
    readonly scope: FaultScope,
    readonly effect: FaultEffect,
    private remaining: number,
    private readonly onSpent: (fault: ActiveFault) => void,
  ) {
    this.released = new Promise((resolve) => (this.resolve = resolve));
  }

  /** Counts a request that it meets; after the last one it applies to no other. */
  hit(): void {
    this.hits++;
    if (--this.remaining <= 0) this.onSpent(this);
  }

  release(): void {
    this.inForce = false;
    this.onSpent(this);
    this.resolve();
  }
}

/** What goes wrong on purpose. In-process only: tests hold it by DevApiServer.faults. Newer faults win over older ones. */
export class Faults {
  private active: ActiveFault[] = [];
  /** Also those that apply to no further request, but still hold back one that they met. */
  private all: ActiveFault[] = [];
  private readonly watches = new Map<ServerResponse, OpenWatch>();

  /** The next `times` requests (default 1) are refused with a Status object. */
  failNext(scope: FaultScope, options: Omit<FaultEffect & { kind: 'fail' }, 'kind'>, times = 1): Fault {
    return this.add(scope, { kind: 'fail', ...options }, times);
  }

  /** Every request is refused until release(). */
  fail(scope: FaultScope, options: Omit<FaultEffect & { kind: 'fail' }, 'kind'>): Fault {
    return this.failNext(scope, options, Infinity);
  }

  /** The connection of the next `times` requests is reset without an answer. */
  resetNext(scope: FaultScope, times = 1): Fault {
    return this.add(scope, { kind: 'reset' }, times);
  }

  /** Requests are accepted and not answered until release(). */
  stall(scope: FaultScope, times = Infinity): Fault {
    return this.add(scope, { kind: 'stall' }, times);
  }

  /** Requests are answered that much later, until release(). */
  delay(scope: FaultScope, ms: number, times = Infinity): Fault {
    return this.add(scope, { kind: 'delay', ms }, times);
  }

  /** The answers of the next `times` requests are cut off after that many bytes of body, by a reset. */
  truncateNext(scope: FaultScope, bytes: number, times = 1): Fault {
    return this.add(scope, { kind: 'truncate', bytes }, times);
  }

  /** Answers come in pieces of `bytes`, one each `everyMs`, until release(). */
  trickle(scope: FaultScope, bytes: number, everyMs: number): Fault {
    return this.add(scope, { kind: 'trickle', bytes, everyMs }, Infinity);
  }

  /** Watches, open and new, deliver neither events nor bookmarks until release(); they deliver them then. */
  silence(scope: FaultScope): Fault {
    return this.add(scope, { kind: 'silence' }, Infinity);
  }

  /** Resets the connections of open watches. Returns how many. */
  dropWatches(scope: FaultScope = ''): number {
    return this.forgetWatches(scope, (response) => response.socket?.resetAndDestroy());
  }

  /** Ends open watches in good order, as their timeout would. Returns how many. */
  endWatches(scope: FaultScope = ''): number {
    return this.forgetWatches(scope, (_response, end) => {
      end();
    });
  }

  /** How many watches are open. */
  openWatches(scope: FaultScope = ''): number {
    return this.watchesIn(scope).length;
  }

  /** Releases every fault. */
  clear(): void {
    for (const fault of this.all) fault.release();
    this.all = [];
  }

  /** @internal The newest fault of these kinds for a request, which counts as met. */
  take<K extends FaultEffect['kind']>(
    request: RequestRecord,
    ...kinds: readonly K[]
  ): MetFault<Extract<FaultEffect, { kind: K }>> | undefined {
    const fault = this.find(request, kinds);
    fault?.hit();
    return fault as MetFault<Extract<FaultEffect, { kind: K }>> | undefined;
  }

  /** @internal Resolves when nothing silences this watch, at once if nothing does. */
  async audible(request: RequestRecord): Promise<void> {
    for (;;) {
      const silence = this.find(request, ['silence']);
      if (!silence) return;
      silence.hits++;
      await silence.released;
    }
  }

  /** @internal */
  watchOpened(response: ServerResponse, request: RequestRecord, end: () => void): void {
    this.watches.set(response, { request, end });
    response.once('close', () => this.watches.delete(response));
  }

  private add(scope: FaultScope, effect: FaultEffect, times: number): Fault {
    const fault = new ActiveFault(scope, effect, times, (gone) => {
      this.active = this.active.filter((other) => other !== gone);
    });
    this.active.push(fault);
    this.all.push(fault);
    return fault;
  }

  private find(request: RequestRecord, kinds: readonly FaultEffect['kind'][]): ActiveFault | undefined {
    return this.active.findLast(
      ({ scope, effect }) => kinds.includes(effect.kind) && matches(scope, request),
    );
  }

  /** They count as gone at once, not only when the client has noticed. */
  private forgetWatches(scope: FaultScope, act: (response: ServerResponse, end: () => void) => void): number {
    const open = this.watchesIn(scope);
    for (const [response, { end }] of open) {
      this.watches.delete(response);
      act(response, end);
    }
    return open.length;
  }

  private watchesIn(scope: FaultScope): [ServerResponse, OpenWatch][] {
    return [...this.watches].filter(([, { request }]) => matches(scope, request));
  }
}

function matches(scope: FaultScope, request: RequestRecord): boolean {
  if (typeof scope === 'string') return request.path.includes(scope);
  if (scope instanceof RegExp) return scope.test(request.path);
  const { path, method, watch, where } = scope;
  return (
    (path === undefined || matches(path, request)) &&
    (method === undefined || method === request.method) &&
    (watch === undefined || watch === request.watch) &&
    (where === undefined || where(request))
  );
}
