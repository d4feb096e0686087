import type { Clock } from '../../common/clock.js';
import { KubeError } from './kube-api.js';

/**
 * A signal that aborts with its parent and after `ms`. Unlike AbortSignal.any it lets go of the parent by release(), so that
 * a signal which lives as long as the program does not gather a listener a request.
 */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly timer = new AbortController();
  private readonly follow = (): void => this.controller.abort(this.parent?.reason);

  /** @param ms Infinity = never. */
  constructor(
    private readonly clock: Clock,
    ms: number,
    private readonly parent?: AbortSignal,
  ) {
    if (parent?.aborted) this.follow();
    else parent?.addEventListener('abort', this.follow, { once: true });
    if (ms !== Infinity) void this.expire(ms);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  abort(reason?: unknown): void {
    this.controller.abort(reason);
  }

  /** Time aborts the signal no more. */
  disarm(): void {
    this.timer.abort();
  }

  /** Neither time nor the parent aborts the signal any more. */
  release(): void {
    this.disarm();
    this.parent?.removeEventListener('abort', this.follow);
  }

  private async expire(ms: number): Promise<void> {
    await this.clock.sleep(ms, this.timer.signal);
    if (this.timer.signal.aborted) return;
    this.controller.abort(new KubeError(`no answer within ${String(ms)} ms`, 0, 'Timeout'));
  }
}
