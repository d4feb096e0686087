import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.js';
import { Wakeup } from './wakeup.js';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How many keys are worked on at once. */
  readonly concurrency: number;
  /** Makes the world as the key's present state wants it; must be repeatable. Rejects when it could not. */
  readonly work: (key: string, signal: AbortSignal) => Promise<void>;
  /**
   * Hears of each failure, and says when to try again.
   * @throws the error itself when it is a bug: the queue then ends.
   */
  readonly failed: (key: string, error: unknown) => RetryPace;
}

/** The first wait and the longest one, ms; each is twice the one before, of which chance takes up to half. */
export interface RetryPace {
  readonly baseMs: number;
  readonly maxMs: number;
}

interface Retry {
  attempts: number;
  /** Identifies the wait that is under way; another add() makes it void. */
  wait: symbol | undefined;
}

/**
 * Keys to be looked at, level-triggered: a key that is added again while it waits is worked on once, one that is added while it
 * is worked on is worked on once more afterwards, so that one key's work is in order and never concurrent with itself. A
 * failure is repeated after a jittered delay that grows by key, so that no key waits for another's failures.
 */
export class WorkQueue {
  private readonly ready = new Set<string>();
  private readonly active = new Set<string>();
  private readonly again = new Set<string>();
  private readonly retries = new Map<string, Retry>();
  private readonly running = new Set<Promise<void>>();
  private readonly wakeup = new Wakeup();
  private readonly end = new AbortController();
  private bug: { readonly error: unknown } | undefined;

  constructor(private readonly options: WorkQueueOptions) {}

  /** Keys that wait for their turn or are worked on. */
  get size(): number {
    return this.ready.size + this.active.size;
  }

  /** Keys whose last attempt failed. */
  get failing(): number {
    return this.retries.size;
  }

  add(key: string): void {
    if (this.active.has(key)) {
      this.again.add(key);
      return;
    }
    const retry = this.retries.get(key);
    if (retry) retry.wait = undefined;
    this.ready.add(key);
    this.wakeup.wake();
  }

  /** Until the signal aborts; then waits for the work under way. Rejects for a bug. */
  async run(outer: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([outer, this.end.signal]);
    // Each key under way listens to it, and so does each that waits for its retry.
    setMaxListeners(0, signal);
    while (!signal.aborted) {
      for (const key of this.ready) {
        if (this.active.size >= this.options.concurrency) break;
        this.ready.delete(key);
        this.active.add(key);
        this.track(this.one(key, signal));
      }
      await this.wakeup.wait(signal);
    }
    await Promise.all(this.running);
    if (this.bug) throw this.bug.error;
  }

  private track(task: Promise<void>): void {
    const tracked: Promise<void> = task.finally(() => this.running.delete(tracked));
    this.running.add(tracked);
  }

  private async one(key: string, signal: AbortSignal): Promise<void> {
    try {
      await this.options.work(key, signal);
      this.retries.delete(key);
    } catch (error) {
      if (!signal.aborted) this.fail(key, error, signal);
    }
    this.active.delete(key);
    if (this.again.delete(key)) this.add(key);
    this.wakeup.wake();
  }

  private fail(key: string, error: unknown, signal: AbortSignal): void {
    try {
      const pace = this.options.failed(key, error);
      const retry = this.retries.get(key) ?? { attempts: 0, wait: undefined };
      this.retries.set(key, retry);
      if (!this.again.has(key)) this.track(this.retry(key, retry, pace, signal));
    } catch (bug) {
      this.bug ??= { error: bug };
      this.end.abort();
    }
  }

  private async retry(key: string, retry: Retry, pace: RetryPace, signal: AbortSignal): Promise<void> {
    const { random, clock } = this.options;
    const ceiling = Math.min(pace.maxMs, pace.baseMs * 2 ** retry.attempts);
    retry.attempts = Math.min(retry.attempts + 1, 30);
    const wait = Symbol(key);
    retry.wait = wait;
    await clock.sleep(ceiling * (0.5 + random() / 2), signal);
    if (retry.wait === wait && this.retries.get(key) === retry && !signal.aborted) this.add(key);
  }
}
