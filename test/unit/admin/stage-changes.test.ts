import { describe, expect, it } from 'vitest';
import type { StageStatus } from '../../../src/common/stage.js';
import type { Look } from '../../../src/modules/admin/events/look.js';
import { stageChanges } from '../../../src/modules/admin/events/stage-changes.js';

const stage = (
  name: string,
  state: string,
  healthy: boolean,
  more: Partial<StageStatus> = {},
): StageStatus => ({
  name,
  state,
  healthy,
  since: 1,
  counts: {},
  ...more,
});
const look = (...stages: StageStatus[]): Look => ({ at: 9, ready: true, stages, scopes: [], repairs: [] });
const texts = (before: Look, after: Look): string[] =>
  stageChanges(before, after).map(
    ({ level, subject, text, count }) => `${level} ${subject} ${text} ${count}`,
  );

describe(stageChanges, () => {
  const well = stage('etcd/connection', 'connected', true);
  const failure = { message: 'refused', at: 5 };
  const broken = stage('etcd/connection', 'disconnected', false, { since: 5, lastError: failure });

  it('tells that a stage is in trouble, since when and why, and that it is out of it', () => {
    expect(stageChanges(look(well), look(broken))).toEqual([
      expect.objectContaining({
        kind: 'stage',
        level: 'warning',
        subject: 'etcd/connection',
        text: 'connected → disconnected',
        error: 'refused',
        at: 5,
        count: 1,
      }),
    ]);
    const back = { ...broken, state: 'connected', healthy: true, since: 8 };
    expect(texts(look(broken), look(back))).toEqual(['info etcd/connection disconnected → connected 1']);
  });

  it('tells of trouble that came and went between two looks', () => {
    const again = { ...well, since: 7, lastError: failure };
    expect(texts(look(well), look(again))).toEqual([
      'info etcd/connection connected again after an interruption 1',
    ]);
  });

  it.each([
    ['nothing is new', well, well],
    [
      'it works and rests in turns',
      stage('writer', 'idle', true),
      stage('writer', 'writing', true, { since: 3 }),
    ],
    ['it gets on', stage('remote/a', 'tcp', false), stage('remote/a', 'tls', false, { since: 3 })],
    ['it fails again as before', broken, { ...broken, lastError: { message: 'refused', at: 8 } }],
    ['counts change', well, { ...well, counts: { reconnects: 3 } }],
  ])('is silent when %s', (_what, before, after) => {
    expect(stageChanges(look(before), look(after))).toEqual([]);
  });

  it('tells of remote clusters that come and go', () => {
    const remote = stage('remote/a', 'ready', true);
    expect(texts(look(), look(remote))).toEqual(['info remote/a added 1']);
    expect(texts(look(remote), look())).toEqual(['info remote/a removed 1']);
    expect(texts(look(), look(well))).toEqual([]);
  });

  it('makes one event of hundreds of clusters that do the same', () => {
    const all = (state: string, healthy: boolean): StageStatus[] =>
      Array.from({ length: 500 }, (_, n) =>
        stage(`remote/c${n}`, state, healthy, { since: healthy ? 2 : 1 }),
      );
    expect(texts(look(...all('syncing', false)), look(...all('ready', true)))).toEqual([
      'info remote/* ready: c0, c1, c2, … 500',
    ]);
  });

  it('tells who leads, also when that is not us', () => {
    const election = (state: string, holder: string): StageStatus =>
      stage('leader-election', state, true, { details: { holder } });
    expect(texts(look(election('standby', 'a')), look(election('standby', 'b')))).toEqual([
      'info leader-election standby, the lease is held by b 1',
    ]);
    expect(texts(look(election('standby', 'b')), look(election('leading', 'c')))).toEqual([
      'info leader-election leading, the lease is held by c 1',
    ]);
  });

  it('cuts long errors', () => {
    const long = { ...broken, lastError: { message: 'x'.repeat(10_000), at: 5 } };
    expect(stageChanges(look(well), look(long))[0]?.error).toHaveLength(500);
  });
});
