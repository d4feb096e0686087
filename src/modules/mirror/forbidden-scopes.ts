import type { Clock } from '../../common/clock.js';
import type { Scope } from './scope.js';

/** Until a forbidden scope is tried again, ms. */
const pauseMs = 2000;
/** Where many are forbidden (the whole account), all of them together are tried so often, ms. */
const leastMs = 100;

/** Scopes that etcd's authorization keeps us from writing. They wait aside, so that the others go on, and are tried one by one. */
export class ForbiddenScopes {
  private readonly forbidden = new Set<Scope>();
  private readonly waiting = new Set<Scope>();
  private running = false;

  constructor(
    private readonly clock: Clock,
    /** Called when the scope may be tried again. */
    private readonly retry: (scope: Scope) => void,
  ) {}

  /** How many were refused and have not been written since. */
  get size(): number {
    return this.forbidden.size;
  }

  /** Nothing of it is to be written now. */
  waits(scope: Scope): boolean {
    return this.waiting.has(scope);
  }

  /** @returns whether that is new. */
  add(scope: Scope, signal: AbortSignal): boolean {
    const isNew = !this.forbidden.has(scope);
    this.forbidden.add(scope);
    this.waiting.add(scope);
    if (!this.running) void this.run(signal);
    return isNew;
  }

  /** @returns whether it had been forbidden. */
  written(scope: Scope): boolean {
    return this.forbidden.delete(scope);
  }

  retryAll(): void {
    for (const scope of this.waiting) this.release(scope);
  }

  private async run(signal: AbortSignal): Promise<void> {
    this.running = true;
    while (this.waiting.size > 0 && !signal.aborted) {
      await this.clock.sleep(Math.max(leastMs, pauseMs / this.waiting.size), signal);
      const [next] = this.waiting;
      if (next) this.release(next);
    }
    this.running = false;
  }

  private release(scope: Scope): void {
    this.waiting.delete(scope);
    if (scope.dirty.size > 0) this.retry(scope);
    else if (scope.inFlight === 0) this.forbidden.delete(scope);
  }
}
