import { setMaxListeners } from 'node:events';

/**
 * The long-running loops of a program under one signal. A loop ends when the signal aborts; one that rejects is a bug, which
 * `onCrash` hears at once (stop() would be too late).
 */
export class TaskGroup {
  private readonly abort = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly onCrash: (task: string, error: unknown) => void) {
    // Every wait of every loop listens to this one signal: many listeners are no leak here.
    setMaxListeners(0, this.abort.signal);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Runs the loop in the background; the name is for the crash report. */
  spawn(name: string, loop: (signal: AbortSignal) => Promise<unknown>): void {
    const task = loop(this.abort.signal)
      .then(
        () => undefined,
        (error: unknown) => {
          if (!this.abort.signal.aborted) this.onCrash(name, error);
        },
      )
      .finally(() => this.running.delete(task));
    this.running.add(task);
  }

  /** Aborts and waits for every loop. */
  async stop(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.running);
  }
}
