import type { Readable } from 'node:stream';
import { type BodyLimits, readBody } from './body-reader.js';
import { KubeError, type KubeObject } from './kube-api.js';
import { errorOfStatus } from './kube-failure.js';
import { LineDecoder } from './line-decoder.js';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

const types: ReadonlySet<string> = new Set<WatchEvent['type']>(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/**
 * The events of a watch, in order, as they arrive. Types that are not known are left out.
 * @throws KubeError: of an ERROR event its Status, status 0 for a broken or unreadable stream. An event that broke off was not delivered.
 */
export async function* watchEvents(body: Readable, limits: BodyLimits): AsyncGenerator<WatchEvent> {
  const lines = new LineDecoder();
  for await (const chunk of readBody(body, limits)) {
    for (const line of linesOf(lines, chunk)) {
      const event = eventOf(line);
      if (event) yield event;
    }
  }
  if (lines.partial) throw new KubeError('the watch broke off within an event', 0, 'InvalidBody');
}

function* linesOf(lines: LineDecoder, chunk: Buffer): Generator<Buffer> {
  const complete = lines.write(chunk);
  try {
    yield* complete;
  } catch (error) {
    throw invalid(error);
  }
}

function eventOf(line: Buffer): WatchEvent | undefined {
  const event = parsed(line);
  const { type, object } = (event ?? {}) as { type?: unknown; object?: unknown };
  if (type === 'ERROR') throw errorOfStatus(object, 500);
  if (typeof type !== 'string' || typeof object !== 'object' || object === null) {
    throw new KubeError('the watch sent something that is no event', 0, 'InvalidBody');
  }
  return types.has(type) ? (event as WatchEvent) : undefined;
}

function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw invalid(error);
  }
}

function invalid(cause: unknown): KubeError {
  return new KubeError('the watch sent something unreadable', 0, 'InvalidBody', undefined, { cause });
}
