import type { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import { KubeError } from './kube-api.js';
import { errorOfConnection } from './kube-failure.js';

export interface BodyLimits {
  readonly clock: Clock;
  /** No byte for so long, ms: the connection is taken for dead. */
  readonly silenceMs: number;
  /** The body may not last longer, ms; Infinity = for ever. */
  readonly durationMs: number;
  /** At each chunk, before it is looked at. */
  readonly onBytes: () => void;
}

/** The reason of the KubeError when a body lasted longer than `durationMs`. */
export const bodyDeadline = 'BodyDeadline';

/**
 * The chunks of a body; the connection is closed when the reader leaves early.
 * @throws KubeError, status 0: `Silence`, bodyDeadline, or what broke the connection.
 */
export async function* readBody(body: Readable, limits: BodyLimits): AsyncGenerator<Buffer> {
  const { clock } = limits;
  const over = new AbortController();
  let lastByteAt = clock.monotonic();
  void watchOver(body, limits, () => lastByteAt, over.signal);
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (let next = await nextChunk(chunks); next; next = await nextChunk(chunks)) {
      lastByteAt = clock.monotonic();
      limits.onBytes();
      yield next;
    }
  } finally {
    over.abort();
    // A body that was read to its end is closed already, and its connection stays open for the next request.
    body.destroy();
  }
}

async function nextChunk(chunks: AsyncIterator<unknown>): Promise<Buffer | undefined> {
  try {
    const { done, value } = await chunks.next();
    return done ? undefined : (value as Buffer);
  } catch (error) {
    throw errorOfConnection(error);
  }
}

/** Sleeps until the earlier of both limits, as often as new bytes move the first one. */
async function watchOver(
  body: Readable,
  { clock, silenceMs, durationMs }: BodyLimits,
  lastByteAt: () => number,
  over: AbortSignal,
): Promise<void> {
  const end = clock.monotonic() + durationMs;
  for (;;) {
    const now = clock.monotonic();
    const silentAt = lastByteAt() + silenceMs;
    if (now >= end) {
      body.destroy(new KubeError('the answer lasted too long', 0, bodyDeadline));
      return;
    }
    if (now >= silentAt) {
      body.destroy(new KubeError(`no byte within ${String(silenceMs)} ms`, 0, 'Silence'));
      return;
    }
    await clock.sleep(Math.min(silentAt, end) - now, over);
    if (over.aborted) return;
  }
}
