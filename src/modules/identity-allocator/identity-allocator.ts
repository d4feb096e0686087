import type { Bytes } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { type RetryPace, WorkQueue } from '../../common/work-queue.js';
import { type KubeApi, KubeError } from '../kubernetes/kube-api.js';
import { candidateNumbers } from './candidate-numbers.js';
import { IdentityClient } from './identity-client.js';
import { IdentityHolds } from './identity-holds.js';
import type { IdentityIndex } from './identity-index.js';
import { type IdentityRange, inRange } from './identity-range.js';
import { IdentityRangeExhausted } from './identity-range-exhausted.js';
import { labelsKey, type SecurityLabels } from './security-labels.js';

export type AllocationOutcome = 'created' | 'reused' | 'exhausted' | 'failed';

export interface IdentityAllocatorOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly index: IdentityIndex;
  readonly range: IdentityRange;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1), for the jitter of retries. */
  readonly random: () => number;
  readonly onAllocation?: (outcome: AllocationOutcome) => void;
  /** How long the watch may take to show an object that was created, ms; default 10,000. */
  readonly seenWithinMs?: number;
}

export type AllocatorState = 'waiting' | 'ready' | 'exhausted';

const maxAttempts = 16;
/** Two label sets want one number at once so rarely that looking is cheaper than being told. */
const settledPollMs = 5;
const keepPace: RetryPace = { baseMs: 100, maxMs: 30_000 };

/**
 * Labels → numeric identity through CiliumIdentity objects, beside every agent and operator that does the same
 * (spec/external-workloads.md §5). Whatever it returns exists, lies in the range, and is the one that every other allocator
 * with an up-to-date view returns for these labels. Nothing is ever deleted: what nobody holds is the operator's to collect.
 */
export class IdentityAllocator implements StageSource {
  private readonly client: IdentityClient;
  private readonly holds = new IdentityHolds();
  private readonly queue: WorkQueue;
  private readonly stage: Stage<AllocatorState>;
  private readonly allocations = new Map<Bytes, Promise<number>>();
  /** Creates whose outcome is not known: their numbers are for no other labels until the watch or a retry tells. */
  private readonly unsettled = new Map<number, Bytes>();
  private readonly lossListeners: ((owner: string) => void)[] = [];
  private readonly readyListeners: (() => void)[] = [];
  private created = 0;
  private reused = 0;

  constructor(private readonly options: IdentityAllocatorOptions) {
    const { api, index, clock, random } = options;
    this.client = new IdentityClient(api);
    this.stage = new Stage<AllocatorState>('waiting', () => clock.now());
    this.queue = new WorkQueue({
      clock,
      random,
      concurrency: 4,
      work: (number, signal) => this.keep(Number(number), signal),
      failed: (number, error) => this.keepFailed(number, error),
    });
    index.onChange((number) => this.changed(number));
  }

  /** Whether allocating makes sense: before the first list every label set would seem to be new. */
  get ready(): boolean {
    return this.options.index.complete;
  }

  /** Whether the number exists with exactly these labels, in our range. */
  matches(number: number, labels: SecurityLabels): boolean {
    const { index, range } = this.options;
    return inRange(range, number) && index.get(number)?.key === labelsKey(labels);
  }

  /** The number that these labels have; undefined when they have none yet. */
  find(labels: SecurityLabels): number | undefined {
    return this.options.index.find(labelsKey(labels))?.number;
  }

  /** The number for these labels, which the owner then holds in place of what it held. @throws KubeError, IdentityRangeExhausted. */
  async acquire(owner: string, labels: SecurityLabels, signal: AbortSignal): Promise<number> {
    const key = labelsKey(labels);
    let allocation = this.allocations.get(key);
    if (!allocation) {
      allocation = this.counted(key, labels, signal).finally(() => this.allocations.delete(key));
      this.allocations.set(key, allocation);
    }
    const number = await allocation;
    this.hold(owner, number, labels);
    return number;
  }

  /** The owner needs this identity, in place of what it held: one that is deleted comes back, one that is marked is unmarked. */
  hold(owner: string, number: number, labels: SecurityLabels): void {
    this.holds.set(owner, number, labels);
    const known = this.options.index.get(number);
    if (!known || known.marked) this.queue.add(String(number));
  }

  /** The owner needs no identity any more. */
  release(owner: string): void {
    this.holds.release(owner);
  }

  /**
   * Creates the identity under a number that it had before, if it does not exist. False: the number is not ours to give, or
   * has other labels. @throws KubeError.
   */
  async restore(number: number, labels: SecurityLabels, signal: AbortSignal): Promise<boolean> {
    const { index, range } = this.options;
    if (!inRange(range, number)) return false;
    if (!index.get(number)) await this.create(number, labelsKey(labels), labels, signal);
    return this.matches(number, labels);
  }

  /** The labels that a number has; undefined when it is not ours or does not exist. @throws KubeError. */
  labelsOf(number: number, signal: AbortSignal): Promise<SecurityLabels | undefined> {
    const { index, range } = this.options;
    if (!inRange(range, number) || !index.get(number)) return Promise.resolve(undefined);
    return this.client.labels(number, signal);
  }

  /** Called once, when it becomes ready. */
  onReady(listener: () => void): void {
    this.readyListeners.push(listener);
  }

  /** An owner's number was taken for other labels while its identity was gone. */
  onLost(listener: (owner: string) => void): void {
    this.lossListeners.push(listener);
  }

  /** Looks at every held identity anew. */
  resync(): void {
    for (const number of this.holds.numbers()) this.queue.add(String(number));
  }

  /** Keeps what is held; until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.queue.run(signal);
  }

  stageStatus(): readonly StageStatus[] {
    const { stage, holds, created, reused, queue } = this;
    const { index, range } = this.options;
    return [
      {
        name: 'identity-allocator',
        state: stage.state,
        since: stage.since,
        healthy: stage.state === 'ready' && queue.failing === 0,
        ...(stage.lastError ? { lastError: stage.lastError } : {}),
        counts: {
          identities: index.size,
          usedNumbers: index.used,
          freeNumbers: range.max - range.min + 1 - index.used,
          heldIdentities: holds.identities,
          holders: holds.owners,
          created,
          reused,
          unsettled: this.unsettled.size,
          failing: queue.failing,
        },
        details: { min: range.min, max: range.max },
      },
    ];
  }

  private async counted(key: Bytes, labels: SecurityLabels, signal: AbortSignal): Promise<number> {
    const reusable = this.options.index.find(key) !== undefined;
    try {
      const number = await this.allocate(key, labels, signal);
      this.stage.transition('ready');
      if (reusable) this.reused++;
      this.options.onAllocation?.(reusable ? 'reused' : 'created');
      return number;
    } catch (error) {
      if (!signal.aborted) this.failed(error);
      throw error;
    }
  }

  private failed(error: unknown): void {
    const exhausted = error instanceof IdentityRangeExhausted;
    this.stage.failed(error);
    if (exhausted) this.stage.transition('exhausted');
    this.options.onAllocation?.(exhausted ? 'exhausted' : 'failed');
  }

  /**
   * The choice is made from the index alone. After a create, whoever made it, the index is waited for: the watch shows what
   * was created before as well, so an older twin is known by then and preferred to the one just made.
   */
  private async allocate(key: Bytes, labels: SecurityLabels, signal: AbortSignal): Promise<number> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const known = this.options.index.find(key);
      if (known) return known.number;
      const number = await this.freeNumber(key, signal);
      if (this.options.index.find(key)) continue;
      if (number === undefined) throw new IdentityRangeExhausted(this.options.range);
      await this.create(number, key, labels, signal);
    }
    throw new KubeError('other allocators were faster each time', 0, 'Contention');
  }

  /**
   * Every allocator must pass over the same numbers, or one of them creates a twin: a number counts as taken only when the
   * index shows it, so one that is being created here for other labels is waited for. It may come to be another allocator's.
   */
  private async freeNumber(key: Bytes, signal: AbortSignal): Promise<number | undefined> {
    const { index, range } = this.options;
    const held = this.holds.numberFor(key);
    if (held !== undefined && !index.get(held)) return held;
    for (const number of candidateNumbers(key, range)) {
      await this.settled(number, key, signal);
      if (this.isFree(number, key)) return number;
    }
    return undefined;
  }

  /** Returns when it is known what became of a create of this number for other labels, or when that takes too long. */
  private async settled(number: number, key: Bytes, signal: AbortSignal): Promise<void> {
    const { index, clock, seenWithinMs = 10_000 } = this.options;
    const deadline = clock.monotonic() + seenWithinMs;
    const open = (): boolean => (this.unsettled.get(number) ?? key) !== key && !index.get(number);
    while (open() && clock.monotonic() < deadline && !signal.aborted)
      await clock.sleep(settledPollMs, signal);
  }

  private isFree(number: number, key: Bytes): boolean {
    const other = this.unsettled.get(number) ?? this.holds.get(number)?.key ?? key;
    return other === key && !this.options.index.get(number);
  }

  /** Resolves when the index knows the number, whoever created it with whatever labels. @throws KubeError. */
  private async create(
    number: number,
    key: Bytes,
    labels: SecurityLabels,
    signal: AbortSignal,
  ): Promise<void> {
    this.unsettled.set(number, key);
    try {
      if ((await this.client.create(number, labels, signal)) === 'created') this.created++;
    } catch (error) {
      if (error instanceof KubeError && error.status >= 400 && error.status < 500)
        this.unsettled.delete(number);
      throw error;
    }
    await this.seen(number, signal);
  }

  private async seen(number: number, signal: AbortSignal): Promise<void> {
    const { index, clock, seenWithinMs = 10_000 } = this.options;
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    const late = clock.sleep(seenWithinMs, either).then(() => true);
    const inTime = index.seen(number, either).then(() => false);
    const isLate = await Promise.race([inTime, late]);
    done.abort();
    if (signal.aborted) throw new KubeError('cancelled', 0, 'Aborted');
    if (isLate) throw new KubeError(`the watch does not show identity ${number}`, 0, 'WatchLag');
  }

  private changed(number: number): void {
    if (number < 0) {
      this.stage.transition('ready');
      this.resync();
      for (const listener of this.readyListeners) listener();
    }
    const known = this.options.index.get(number);
    if (known) this.unsettled.delete(number);
    const hold = this.holds.get(number);
    if (!hold) return;
    if (!known || known.marked || known.key !== hold.key) this.queue.add(String(number));
  }

  private async keep(number: number, signal: AbortSignal): Promise<void> {
    const hold = this.holds.get(number);
    if (!hold || !this.ready) return;
    const known = this.options.index.get(number);
    if (!known) {
      this.options.log.warn('Creating an identity again that was deleted while in use', { identity: number });
      await this.create(number, hold.key, hold.labels, signal);
    } else if (known.key !== hold.key) {
      this.options.log.error('An identity in use was given to other labels', { identity: number });
      for (const owner of this.holds.drop(number)) for (const listener of this.lossListeners) listener(owner);
    } else if (known.marked) {
      await this.client.unmark(number, signal);
    }
  }

  private keepFailed(number: string, error: unknown): RetryPace {
    if (!(error instanceof KubeError)) throw error;
    this.stage.failed(error);
    this.options.log.warn('Keeping an identity in use failed. Retrying...', { identity: number, error });
    return keepPace;
  }
}
