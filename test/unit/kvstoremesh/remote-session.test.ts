import { describe, expect, it } from 'vitest';
import type { CachedType } from '../../../src/modules/kvstoremesh/cached-type.js';
import {
  KvstoremeshModule,
  MESH_TIMING,
  type MeshTiming,
} from '../../../src/modules/kvstoremesh/kvstoremesh.module.js';
import type { MeshType } from '../../../src/modules/kvstoremesh/mesh-keys.js';
import type { RemoteConfig } from '../../../src/modules/kvstoremesh/remote-config.js';
import { RemoteSession } from '../../../src/modules/kvstoremesh/remote-session.js';
import { RemoteStage } from '../../../src/modules/kvstoremesh/remote-stage.js';
import { ManualClock } from '../common/manual-clock.js';
import { FakeRemote, recordingObserver } from './fake-remote.js';

/** As the program has them. */
const providers = Reflect.getMetadata('providers', KvstoremeshModule) as {
  readonly provide: unknown;
  readonly useValue?: MeshTiming;
}[];
const timing = providers.find(({ provide }) => provide === MESH_TIMING)!.useValue!;

describe('the times of the contract (spec/kvstoremesh.md §18)', () => {
  it('are those of the program', () => {
    expect(timing).toMatchObject({ heartbeatMs: 120_000, configLimitMs: 180_000, drainMs: 180_000 });
    // The original looks for a configuration up to 30 s apart.
    expect(timing.configRetryMs).toBeLessThanOrEqual(30_000);
  });
});

describe(RemoteSession, () => {
  const begin = (remote = new FakeRemote()) => {
    const clock = new ManualClock();
    const stage = new RemoteStage(() => clock.now());
    const configs: RemoteConfig[] = [];
    const { observer, runs, silences } = recordingObserver();
    const session = new RemoteSession({
      cluster: 'east',
      remote,
      types: new Map<MeshType, CachedType>(),
      stage,
      pageSize: 10,
      timing,
      clock,
      observer,
      onConfig: (config) => void configs.push(config),
      enforced: () => Promise.resolve(),
      onListed: () => undefined,
    });
    let ended: unknown;
    void session.run(new AbortController().signal).catch((error: unknown) => (ended = error));
    return { remote, clock, stage, configs, runs, silences, ended: () => ended as Error | undefined };
  };

  it('gives up a remote whose heartbeat is older than two minutes, and not before', async () => {
    const { remote, clock, silences, ended } = begin();
    remote.keys.set('cilium/cluster-config/east', '{"id":3,"capabilities":{"syncedCanaries":true}}');
    await clock.advance(119_000);
    expect(ended()).toBeUndefined();

    // Any event counts, whatever its value; the two minutes begin anew.
    remote.put('cilium/.heartbeat', '');
    await clock.advance(119_900);
    expect(ended()).toBeUndefined();
    await clock.advance(200);

    expect(ended()?.message).toBe('no heartbeat for 120 s');
    expect(silences).toHaveLength(1);
  });

  it('looks for a missing configuration after 1, 2, 3, 4, then every 5 s, and reconnects after three minutes', async () => {
    const { remote, clock, stage, runs, ended } = begin();
    const looks: number[] = [];
    for (let second = 0; second <= 25; second++) {
      const before = remote.gets.length;
      await clock.advance(second === 0 ? 1 : 1000);
      if (remote.gets.length > before) looks.push(second);
    }
    expect(looks).toEqual([0, 1, 3, 6, 10, 15, 20, 25]);
    expect([stage.name, stage.lastError?.message]).toEqual(['config', 'not found']);

    for (let beat = 0; beat < 160; beat++) {
      remote.put('cilium/.heartbeat', 'x');
      await clock.advance(1000);
    }
    expect(ended()?.message).toBe('failed to retrieve cluster configuration: not found');
    expect(new Set(runs)).toEqual(new Set(['clustermesh-cluster-config failure']));
  });

  it('takes the configuration as soon as it is there', async () => {
    const { remote, clock, stage, configs, runs } = begin();
    await clock.advance(2000);
    remote.put('cilium/cluster-config/east', '{"id":3}');
    await clock.advance(1500);

    expect(configs).toEqual([{ id: 3, maxConnectedClusters: 0, syncedCanaries: false, cached: false }]);
    expect(stage.name).toBe('syncing');
    expect(runs.at(-1)).toBe('clustermesh-cluster-config success');
  });
});
