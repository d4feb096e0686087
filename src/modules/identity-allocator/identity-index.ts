import type { Bytes } from '../../common/bytes.js';
import { type IdentityRange, inRange } from './identity-range.js';
import { labelsKeyOf } from './security-labels.js';
import type { KubeObject, ResourceSink } from '../kubernetes/kube-api.js';

/** All that is kept of a CiliumIdentity. */
export interface KnownIdentity {
  readonly number: number;
  /** undefined: it has no usable labels, but its number is taken all the same. */
  readonly key: Bytes | undefined;
  /** ms since the epoch; of one that does not say, Infinity. */
  readonly createdAt: number;
  /** The operator has marked it for removal. */
  readonly marked: boolean;
}

export const heartbeatAnnotation = 'io.cilium.heartbeat';

/**
 * The cluster's CiliumIdentities by labels and by number, fed by the reflector of the identity sync. What is taken and what
 * equal labels already have is looked up here, without a request.
 */
export class IdentityIndex implements ResourceSink {
  private readonly byNumber = new Map<number, KnownIdentity>();
  private readonly byKey = new Map<Bytes, KnownIdentity[]>();
  private readonly listeners: ((number: number) => void)[] = [];
  private readonly waiters = new Map<number, Set<() => void>>();
  private isComplete = false;
  private inOurRange = 0;

  constructor(private readonly range: IdentityRange) {}

  /** Whether every identity of the first list is in it. */
  get complete(): boolean {
    return this.isComplete;
  }

  get size(): number {
    return this.byNumber.size;
  }

  /** How many numbers of our range are taken. */
  get used(): number {
    return this.inOurRange;
  }

  /** Called after each change of a number; also once, with -1, when complete. */
  onChange(listener: (number: number) => void): void {
    this.listeners.push(listener);
  }

  get(number: number): KnownIdentity | undefined {
    return this.byNumber.get(number);
  }

  /**
   * The identity for these labels: of several the oldest, then the lowest number, so that every allocator and every restart
   * chooses the same one. Numbers outside the range belong to other clusters and are never chosen.
   */
  find(key: Bytes): KnownIdentity | undefined {
    return this.byKey
      .get(key)
      ?.filter(({ number }) => inRange(this.range, number))
      .reduce((best, one) => (before(one, best) ? one : best), undefined as KnownIdentity | undefined);
  }

  /** Resolves when the number is known to exist; at once if it is, and when the signal aborts. */
  async seen(number: number, signal: AbortSignal): Promise<void> {
    if (this.byNumber.has(number) || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const waiting = this.waiters.get(number) ?? new Set();
      this.waiters.set(number, waiting);
      const done = (): void => {
        signal.removeEventListener('abort', done);
        waiting.delete(done);
        if (waiting.size === 0) this.waiters.delete(number);
        resolve();
      };
      waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  upsert(name: string, object: KubeObject): void {
    const number = numberOf(name);
    if (number === undefined) return;
    const { creationTimestamp } = object.metadata as { creationTimestamp?: unknown };
    const created = typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : NaN;
    const identity: KnownIdentity = {
      number,
      key: labelsKeyOf(object),
      createdAt: Number.isNaN(created) ? Infinity : created,
      marked: object.metadata.annotations?.[heartbeatAnnotation] !== undefined,
    };
    this.remove(number);
    this.byNumber.set(number, identity);
    if (inRange(this.range, number)) this.inOurRange++;
    if (identity.key !== undefined) {
      const twins = this.byKey.get(identity.key);
      if (twins) twins.push(identity);
      else this.byKey.set(identity.key, [identity]);
    }
    for (const done of this.waiters.get(number) ?? []) done();
    this.changed(number);
  }

  delete(name: string): void {
    const number = numberOf(name);
    if (number === undefined || !this.remove(number)) return;
    this.changed(number);
  }

  *keys(): Generator<string> {
    for (const number of this.byNumber.keys()) yield String(number);
  }

  synced(): void {
    this.isComplete = true;
    this.changed(-1);
  }

  private remove(number: number): boolean {
    const known = this.byNumber.get(number);
    if (!known) return false;
    this.byNumber.delete(number);
    if (inRange(this.range, number)) this.inOurRange--;
    if (known.key === undefined) return true;
    const left = (this.byKey.get(known.key) ?? []).filter((one) => one !== known);
    if (left.length > 0) this.byKey.set(known.key, left);
    else this.byKey.delete(known.key);
    return true;
  }

  private changed(number: number): void {
    for (const listener of this.listeners) listener(number);
  }
}

function before(one: KnownIdentity, other: KnownIdentity | undefined): boolean {
  if (!other) return true;
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt;
  return one.number < other.number;
}

/** Only a canonical decimal number is one that agents would read. */
function numberOf(name: string): number | undefined {
  return /^(0|[1-9]\d{0,9})$/.test(name) ? Number(name) : undefined;
}
