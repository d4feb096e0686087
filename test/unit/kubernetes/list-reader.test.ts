import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { readList } from '../../../src/modules/kubernetes/list-reader.js';

const itemBytes = 16 * 1024;
const socketBytes = 64 * 1024;

describe(readList, () => {
  it('takes from the socket what it decodes, and no more, however large the list', async () => {
    const items = 1000;
    let decoded = 0;
    let mostAhead = 0;
    const body = listOf(items, (taken) => {
      mostAhead = Math.max(mostAhead, taken - decoded);
    });

    const version = await read(body, () => decoded++);

    expect({ version, decoded }).toEqual({ version: '7', decoded: items });
    expect(mostAhead * itemBytes).toBeLessThanOrEqual(2 * socketBytes);
  });

  it('keeps no item once it was given', async () => {
    const seen: WeakRef<object>[] = [];
    const body = listOf(1000, () => undefined);

    await read(body, (item) => seen.push(new WeakRef(item as object)));
    collectGarbage();

    expect(seen).toHaveLength(1000);
    expect(seen.filter((ref) => ref.deref()).length).toBeLessThan(10);
  });
});

function read(body: Readable, onItem: (item: unknown) => void): Promise<string> {
  return readList({
    api: { stream: () => Promise.resolve(body) },
    path: '/items',
    query: {},
    pageLimit: 0,
    stream: {},
    limits: { clock: systemClock, silenceMs: 5000, durationMs: Infinity, onBytes: () => undefined },
    onItem,
  });
}

/** The body of a list of items of 16 KiB, made one by one as the socket is read. */
function listOf(items: number, onTaken: (taken: number) => void): Readable {
  const filling = 'x'.repeat(itemBytes - 100);
  let taken = 0;
  return new Readable({
    highWaterMark: socketBytes,
    read() {
      if (taken === items) {
        this.push(']}');
        this.push(null);
        return;
      }
      const item = JSON.stringify({ metadata: { name: `item-${String(taken)}` }, filling });
      const before = taken === 0 ? '{"metadata":{"resourceVersion":"7"},"items":[' : ',';
      onTaken(++taken);
      this.push(before + item);
    },
  });
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
