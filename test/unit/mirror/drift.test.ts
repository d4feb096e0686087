import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/common/log.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';
import { Drift, type DriftOptions } from '../../../src/modules/mirror/drift.js';
import { StoredState } from '../../../src/modules/mirror/stored-state.js';
import { ManualClock } from '../common/manual-clock.js';
import { FakeEtcd, FakeLeases } from '../../support/fake-etcd.js';
import { MirrorLab } from '../../support/mirror-lab.js';
import { eventually } from '../../support/eventually.js';

describe(Drift.name, () => {
  const labs: MirrorLab[] = [];
  /** A mirror that holds `a/k` = `1` and watches it. */
  const lab = async (): Promise<MirrorLab> => {
    const one = await new MirrorLab().start();
    labs.push(one);
    one.set(one.a, 'o', { k: '1' });
    await one.quiet();
    one.firstSync.listed(one.a);
    one.watch(one.a);
    await eventually(() => one.drift.stageStatus().some(({ state }) => state === 'watching'));
    return one;
  };
  const stored = (one: MirrorLab): string | undefined => one.etcd.store.get('a/k')?.value;
  afterEach(async () => {
    await Promise.all(labs.splice(0).map((one) => one.stop()));
  });

  it('writes a key again that somebody deleted or changed', async () => {
    const sut = await lab();
    sut.etcd.delete('a/k');
    await eventually(() => stored(sut) === '1');

    sut.etcd.put('a/k', 'stranger');
    await eventually(() => stored(sut) === '1');
    expect(sut.drift.repairs()).toEqual([
      { scope: 'a', kind: 'deleted', count: 1, key: 'a/k' },
      { scope: 'a', kind: 'changed', count: 1, key: 'a/k' },
    ]);
  });

  it('sleeps without a timer while there is nothing to come back to', async () => {
    const clock = new ManualClock();
    const drift = new Drift({ desired: new DesiredState([]), clock } as unknown as DriftOptions);
    const over = new AbortController();
    const done = drift.runLater(over.signal);
    await clock.advance(1000);

    expect(clock.sleeping).toBe(0);
    over.abort();
    await done;
  });

  it('removes a key that somebody put below a scope which has been replaced meanwhile', async () => {
    const clock = new ManualClock();
    const etcd = new FakeEtcd();
    const leases = new FakeLeases(etcd);
    const desired = new DesiredState([]);
    const spec = { name: 'x', target: { prefix: 'x/' } };
    let scope = desired.addScope(spec);
    const area = { ...spec, scopes: () => [scope], scopeOf: () => scope };
    const seen: string[] = [];
    const drift = new Drift({
      desired,
      stored: new StoredState(desired, etcd, leases),
      watcher: etcd,
      leases,
      clock,
      log: silentLog,
      onEvent: (key) => void seen.push(key),
      onRepair: () => undefined,
      onReconnected: () => undefined,
    });
    const over = new AbortController();
    const done = Promise.all([drift.run(area, over.signal), drift.runLater(over.signal)]);
    etcd.liveLeases.add('77');
    etcd.put('x/stray', 'v', '77');
    await eventually(() => seen.length === 1);

    desired.removeScope(scope);
    scope = desired.addScope(spec);
    for (let i = 0; i < 1300; i++) await clock.advance(50);

    expect(scope.records.get('x/stray')).toMatchObject({ want: null, dirty: true });
    over.abort();
    await done;
  });

  it('gives a key back its lease when somebody put the right bytes without one', async () => {
    const sut = await lab();
    sut.etcd.put('a/k', '1');

    await eventually(() => sut.etcd.store.get('a/k')?.lease !== '0');
    expect(stored(sut)).toBe('1');
  });

  it('leaves alone what somebody else put beside our keys without a lease', async () => {
    const sut = await lab();
    sut.etcd.put('a/theirs', 'x');
    await eventually(() => sut.a.foreign.has('a/theirs'));
    await sut.quiet();

    expect(sut.etcd.store.get('a/theirs')?.value).toBe('x');
  });

  it('waits with an event whose key is in flight, without keeping the process busy', async () => {
    const sut = await lab();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    sut.etcd.beforeTxn = () => held;
    sut.set(sut.a, 'o', { k: '2' });
    await eventually(() => sut.a.inFlight === 1);
    sut.etcd.put('a/k', 'stranger');

    // Timers go on: the event is looked at once a tick.
    let ticks = 0;
    const timer = setInterval(() => ticks++, 20);
    await eventually(() => ticks >= 10);
    clearInterval(timer);
    release();

    await eventually(() => stored(sut) === '2');
    expect(sut.a.inFlight).toBe(0);
  });
});
