import type { ServerResponse } from 'node:http';

/** What may wait in memory for a reader that is slow, bytes; the whole status of 511 remote clusters is about 1 MB. */
const maxWaitingBytes = 4 * 1024 * 1024;

/**
 * One reader of server-sent events. What it does not read is not kept for it: events are in the ring, to be asked for anew with
 * Last-Event-ID; a status that it cannot take yet is left out, and the next one is whole.
 */
export class EventStream {
  /** The reader has not got the status before, so the next one must be whole. */
  needsFullStatus = true;
  private writtenAt = 0;
  private stuckSince: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly monotonic: () => number,
  ) {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // A proxy in between (kubectl, nginx) is not to wait for more.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    this.writtenAt = monotonic();
  }

  /** Whether all that was sent is on its way. */
  get ready(): boolean {
    return !this.response.writableNeedDrain;
  }

  /** @param id an id to resume from; absent for what is not to be resumed. */
  send(data: unknown, { id, event }: { readonly id?: string; readonly event?: string } = {}): void {
    const lines = [
      ...(id === undefined ? [] : [`id: ${id}`]),
      ...(event === undefined ? [] : [`event: ${event}`]),
      `data: ${JSON.stringify(data)}`,
    ];
    this.write(`${lines.join('\n')}\n\n`);
  }

  /** Ms that the reader waits before it connects again. */
  retryAfter(ms: number): void {
    this.write(`retry: ${ms}\n\n`);
  }

  /** About once a second: a sign of life when nothing else was sent for a while, an end for a reader that takes nothing. */
  tick({ silentMs, stuckMs }: { readonly silentMs: number; readonly stuckMs: number }): void {
    const now = this.monotonic();
    if (this.ready) this.stuckSince = undefined;
    else this.stuckSince ??= now;
    if (this.stuckSince !== undefined && now - this.stuckSince > stuckMs) this.drop();
    else if (this.ready && now - this.writtenAt >= silentMs) this.write(': still here\n\n');
  }

  private write(text: string): void {
    if (this.response.destroyed) return;
    this.response.write(text);
    this.writtenAt = this.monotonic();
    if (this.response.writableLength > maxWaitingBytes) this.drop();
  }

  private drop(): void {
    this.response.destroy();
  }
}
