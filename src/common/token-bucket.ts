import type { Clock } from './clock.js';
import { Fifo } from './fifo.js';

export interface TokenBucketOptions {
  /** Tokens a second, above 0; Infinity = no limit. */
  readonly rate: number;
  /** Most tokens that gather while nobody takes any. At least 1. */
  readonly burst: number;
  readonly clock: Clock;
}

interface Waiter {
  done(taken: boolean): void;
  gone: boolean;
}

function positive(rate: number): number {
  if (!(rate > 0)) throw new RangeError(`a rate must be above 0, got ${rate}`);
  return rate;
}

/** A rate limit with a burst. Waiters are served in the order of their coming; while nobody waits there is no timer. */
export class TokenBucket {
  private rate: number;
  private burst: number;
  private tokens: number;
  private countedAt: number;
  private waiters = new Fifo<Waiter>();
  private waiting = 0;
  /** The present pause of the pump; aborted when the rate changes or the last waiter leaves. */
  private pause: AbortController | undefined;

  /** @throws RangeError for a rate that would let nobody pass. */
  constructor(private readonly options: TokenBucketOptions) {
    this.rate = positive(options.rate);
    this.burst = options.burst;
    this.tokens = options.burst;
    this.countedAt = options.clock.monotonic();
  }

  /** How many take() calls wait. */
  get queueLength(): number {
    return this.waiting;
  }

  /** The limit, tokens a second. */
  get limit(): number {
    return this.rate;
  }

  /** Takes a token if there is one and nobody waits for it. */
  tryTake(): boolean {
    return this.waiting === 0 && this.takeNow();
  }

  /** Puts back a token that was taken for nothing. */
  giveBack(): void {
    this.tokens = Math.min(this.burst, this.tokens + 1);
  }

  /** Waits for a token. false: the signal aborted first and no token was taken. Never rejects. */
  take(signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    if (this.tryTake()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const leave = (): void => waiter.done(false);
      const waiter: Waiter = {
        gone: false,
        done: (taken) => {
          waiter.gone = true;
          this.waiting--;
          signal?.removeEventListener('abort', leave);
          if (this.waiting === 0) {
            this.waiters = new Fifo();
            this.pause?.abort();
          }
          resolve(taken);
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.waiters.push(waiter);
      this.waiting++;
      if (this.waiting === 1) void this.serve();
    });
  }

  /**
   * The new rate holds from now on, for those who wait already too.
   * @throws RangeError as the constructor.
   */
  setRate(rate: number, burst = this.burst): void {
    this.refill();
    this.rate = positive(rate);
    this.burst = burst;
    this.tokens = Math.min(this.tokens, burst);
    this.pause?.abort();
  }

  private refill(): void {
    const now = this.options.clock.monotonic();
    const elapsed = now - this.countedAt;
    if (elapsed > 0) this.tokens = Math.min(this.burst, this.tokens + (elapsed / 1000) * this.rate);
    this.countedAt = now;
  }

  private takeNow(): boolean {
    if (this.rate === Infinity) return true;
    this.refill();
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }

  /** Serves until nobody waits. One at a time: started by the first waiter. */
  private async serve(): Promise<void> {
    if (this.pause) return;
    while (this.waiting > 0) {
      if (this.takeNow()) {
        this.nextWaiter()?.done(true);
        continue;
      }
      this.pause = new AbortController();
      await this.options.clock.sleep(((1 - this.tokens) / this.rate) * 1000, this.pause.signal);
      this.pause = undefined;
    }
  }

  private nextWaiter(): Waiter | undefined {
    let waiter = this.waiters.shift();
    while (waiter?.gone) waiter = this.waiters.shift();
    return waiter;
  }
}
