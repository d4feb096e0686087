/** A level, not an edge: wake() before wait() makes the next wait() return at once; several wakes count once. */
export class Wakeup {
  private woken = false;
  private resume: (() => void) | undefined;

  wake(): void {
    this.woken = true;
    this.resume?.();
  }

  /** Returns when woken or when the signal aborts. One waiter at a time. */
  async wait(signal: AbortSignal): Promise<void> {
    if (!this.woken && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          this.resume = undefined;
          resolve();
        };
        this.resume = done;
        signal.addEventListener('abort', done, { once: true });
      });
    }
    this.woken = false;
  }
}
