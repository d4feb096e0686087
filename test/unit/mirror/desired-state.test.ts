import { describe, expect, it } from 'vitest';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';

function table(): { sut: DesiredState; dirty: string[]; settled: string[] } {
  const sut = new DesiredState([{ name: 'a', target: { prefix: 'a/' } }]);
  const dirty: string[] = [];
  const settled: string[] = [];
  sut.listen({ onDirty: (r) => dirty.push(r.key), onSettled: (r) => settled.push(r.key) });
  return { sut, dirty, settled };
}
const entry = (key: string, value: string): { key: string; value: string } => ({ key: `a/${key}`, value });

describe(DesiredState.name, () => {
  it('queues a key once, however often it changes before it is written', () => {
    const { sut, dirty } = table();
    const a = sut.scope('a');

    sut.replace(a, 'o', [entry('k', '1')]);
    sut.replace(a, 'o', [entry('k', '2')]);

    expect(dirty).toEqual(['a/k']);
    expect(a.records.get('a/k')?.want).toBe('2');
  });

  it('is not dirty when the wanted value is stored already', () => {
    const { sut, dirty } = table();
    const a = sut.scope('a');
    sut.adopt(a, { key: 'a/k', value: '1', lease: '7', modRevision: 3 }, true);

    sut.replace(a, 'o', [entry('k', '1')]);

    expect(dirty).toEqual([]);
  });

  it('writes an adopted key again when its lease is not kept alive by us', () => {
    const { sut, dirty } = table();
    const a = sut.scope('a');
    sut.adopt(a, { key: 'a/k', value: '1', lease: '7', modRevision: 3 }, false);

    sut.replace(a, 'o', [entry('k', '1')]);

    expect(dirty).toEqual(['a/k']);
  });

  it('keeps a key while one of its owners wants it, with the value of the last one to change (I4)', () => {
    const { sut } = table();
    const a = sut.scope('a');
    const want = (): string | null | undefined => a.records.get('a/ip')?.want;

    sut.replace(a, 'first', [entry('ip', 'of first')]);
    sut.replace(a, 'second', [entry('ip', 'of second')]);
    expect(want()).toBe('of second');
    sut.replace(a, 'first', [entry('ip', 'of first')]);
    expect(want()).toBe('of second');
    sut.replace(a, 'first', [entry('ip', 'of first, changed')]);
    expect(want()).toBe('of first, changed');
    sut.remove(a, 'first');
    expect(want()).toBe('of second');
    sut.remove(a, 'second');
    expect(want()).toBeNull();
    expect(a.records.get('a/ip')?.dirty).toBe(false);
  });

  it('writes the new key of an owner before it deletes the old one', () => {
    const { sut, dirty } = table();
    const a = sut.scope('a');
    sut.replace(a, 'o', [entry('old', '1')]);
    const old = a.records.get('a/old');
    if (old) sut.stored(old, '1', '7', 5);
    dirty.length = 0;

    sut.replace(a, 'o', [entry('new', '1')]);

    expect([...a.owners.keys()]).toEqual(['o']);
    expect(a.records.get('a/new')?.dirty).toBe(true);
    expect(a.records.get('a/old')?.want).toBeNull();
  });

  it('sweeps what nobody wants and hangs on a lease, and leaves alone what hangs on none', () => {
    const { sut, dirty } = table();
    const a = sut.scope('a');
    sut.adopt(a, { key: 'a/ours', value: '1', lease: '7', modRevision: 3 }, true);
    sut.adopt(a, { key: 'a/theirs', value: '1', lease: '0', modRevision: 3 }, false);

    sut.sweep(a);

    expect(dirty).toEqual(['a/ours']);
    expect([...a.foreign]).toEqual(['a/theirs']);
    expect(a.records.has('a/theirs')).toBe(false);
  });

  it('does not try a refused value again until it changes', () => {
    const { sut, dirty } = table();
    const a = sut.scope('a');
    sut.replace(a, 'o', [entry('k', 'too large')]);
    const record = a.records.get('a/k');
    if (!record) throw new Error('no record');
    a.dirty.shift();
    record.queued = false;

    sut.refuse(record);
    sut.replace(a, 'o', [entry('k', 'too large')]);
    expect(a.refused).toBe(1);
    expect(dirty).toEqual(['a/k']);

    sut.replace(a, 'o', [entry('k', 'small')]);
    expect(a.refused).toBe(0);
    expect(dirty).toEqual(['a/k', 'a/k']);
  });

  it('keeps equal bytes once', () => {
    const { sut } = table();
    const a = sut.scope('a');
    sut.replace(a, 'o', [entry('k', '1')]);
    const record = a.records.get('a/k');
    if (!record) throw new Error('no record');

    sut.stored(record, ['', '1'].join(''), '7', 9);

    expect(record.dirty).toBe(false);
    expect(record.have).toBe(record.want);
  });
});
