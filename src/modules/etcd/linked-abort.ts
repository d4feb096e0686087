/**
 * An AbortController that follows a longer-lived signal too, until release(). Unlike AbortSignal.any it leaves nothing behind
 * on that signal (in Node 20: 60 bytes each, for ever), so that it may be made every few seconds for months.
 */
export class LinkedAbort {
  private readonly controller = new AbortController();
  private readonly follow = (): void => this.controller.abort(this.parent.reason);

  constructor(private readonly parent: AbortSignal) {
    if (parent.aborted) this.follow();
    else parent.addEventListener('abort', this.follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Aborts, and follows no more. */
  abort(): void {
    this.release();
    this.controller.abort();
  }

  release(): void {
    this.parent.removeEventListener('abort', this.follow);
  }
}
