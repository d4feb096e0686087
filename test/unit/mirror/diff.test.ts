import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { Diff, type DiffReport, type DiffRequest } from '../../../src/modules/mirror/diff.js';
import { MirrorLab } from '../../support/mirror-lab.js';

describe(Diff, () => {
  const labs: MirrorLab[] = [];
  /** `a/1` … `a/n`, stored, and nothing that repairs. */
  const lab = async (keys: number): Promise<MirrorLab> => {
    const one = await new MirrorLab().start();
    labs.push(one);
    one.set(one.a, 'o', Object.fromEntries(Array.from({ length: keys }, (_, n) => [String(n), 'value'])));
    await one.quiet();
    one.firstSync.listed(one.a);
    one.firstSync.listed(one.b);
    await one.quiet();
    return one;
  };
  const diff = (one: MirrorLab, request: Partial<DiffRequest> = {}): Promise<DiffReport> => {
    const options = { areas: [one.a, one.b], stored: one.stored, clock: systemClock };
    return new Diff(options, { limit: 100, ...request }).run(new AbortController().signal);
  };
  afterEach(async () => {
    await Promise.all(labs.splice(0).map((one) => one.stop()));
  });

  it('finds nothing where etcd holds what is wanted', async () => {
    expect(await diff(await lab(25))).toMatchObject({
      equal: true,
      differences: [],
      omitted: 0,
      scopes: [
        { scope: 'a', synced: true, keys: 25 },
        { scope: 'b', synced: true, keys: 0 },
      ],
    });
  });

  it('names every kind of difference, with sizes and never a value, and changes nothing', async () => {
    const sut = await lab(3);
    sut.etcd.delete('a/0');
    sut.etcd.put('a/1', 'secret of a stranger', '77');
    sut.etcd.put('a/2', 'value');
    sut.etcd.put('a/left', 'old', '77');
    sut.etcd.put('a/foreign', 'theirs');
    const before = new Map(sut.etcd.store);

    const report = await diff(sut);

    expect(report.equal).toBe(false);
    expect(Object.fromEntries(report.differences.map(({ key, ...rest }) => [key, rest]))).toEqual({
      'a/0': { scope: 'a', kind: 'missing', wantedBytes: 5 },
      'a/1': { scope: 'a', kind: 'different', reason: 'value', wantedBytes: 5, storedBytes: 20 },
      'a/2': { scope: 'a', kind: 'different', reason: 'no lease', wantedBytes: 5, storedBytes: 5 },
      'a/left': { scope: 'a', kind: 'leftOver', storedBytes: 3 },
      'a/foreign': { scope: 'a', kind: 'foreign', storedBytes: 6 },
    });
    expect(JSON.stringify(report)).not.toContain('secret');
    expect(report.scopes[0]?.counts).toEqual({ missing: 1, different: 2, leftOver: 1, foreign: 1 });
    expect(sut.etcd.store).toEqual(before);
    expect(sut.a.dirty.size).toBe(0);
  });

  it('counts all and names as many as asked', async () => {
    const sut = await lab(40);
    for (let n = 0; n < 30; n++) sut.etcd.delete(`a/${n}`);
    const report = await diff(sut, { limit: 7 });
    expect([report.differences.length, report.omitted, report.scopes[0]?.counts.missing]).toEqual([
      7, 23, 30,
    ]);
  });

  it('looks at the scopes that are asked for', async () => {
    const sut = await lab(2);
    sut.etcd.delete('a/0');
    expect(await diff(sut, { scopes: ['b'] })).toMatchObject({ equal: true, scopes: [{ scope: 'b' }] });
    expect(await diff(sut, { cluster: 'west' })).toMatchObject({ equal: true, scopes: [] });
  });

  it('does not call what only others hold a difference', async () => {
    const sut = await lab(1);
    sut.etcd.put('a/foreign', 'theirs');
    expect(await diff(sut)).toMatchObject({ equal: true, differences: [{ kind: 'foreign' }] });
  });

  it('takes no key for missing because another comparison runs beside it', async () => {
    const sut = await lab(200);
    const reports = await Promise.all(Array.from({ length: 8 }, () => diff(sut)));
    expect(reports.map(({ equal, omitted }) => [equal, omitted])).toEqual(reports.map(() => [true, 0]));
  });
});
