import { describe, expect, it } from 'vitest';
import { MeshReadiness } from '../../../src/modules/kvstoremesh/mesh-readiness.js';
import type { RemoteCluster } from '../../../src/modules/kvstoremesh/remote-cluster.js';
import { ManualClock } from '../common/manual-clock.js';
import { recordingLog } from '../../support/recording-log.js';

describe(MeshReadiness, () => {
  const perClusterMs = 15_000;

  /** One cluster that is connected, but waits for a canary for ever. */
  const begin = () => {
    const clock = new ManualClock();
    const cluster = { cache: { written: false }, config: {}, ageMs: 0 } as unknown as RemoteCluster;
    const mirror = {
      caughtUp: false,
      ready: 0,
      watched: 0,
      becomeReady: () => mirror.ready++,
      watchAreas: () => mirror.watched++,
    };
    const mesh = { clusters: () => [cluster] };
    const log = recordingLog([]);
    const readiness = new MeshReadiness({ mesh, mirror, perClusterMs, globalMs: 600_000, clock, log });
    const over = new AbortController();
    const done = readiness.run(over.signal);
    return { clock, mirror, stop: () => (over.abort(), done) };
  };

  it('guards what is stored once the time of one cluster is over, though not ready', async () => {
    const { clock, mirror, stop } = begin();
    mirror.caughtUp = true;

    await clock.advance(perClusterMs - 1000);
    expect(mirror.watched).toBe(0);
    await clock.advance(2000);

    expect(mirror.watched).toBeGreaterThan(0);
    expect(mirror.ready).toBe(0);
    await stop();
  });

  it('does not while first writes still wait: each of them would come back as an event', async () => {
    const { clock, mirror, stop } = begin();

    await clock.advance(7 * perClusterMs);
    expect(mirror.watched).toBe(0);
    mirror.caughtUp = true;
    await clock.advance(1000);

    expect(mirror.watched).toBeGreaterThan(0);
    await stop();
  });

  it('does not wait for ever: a full database is never written to the end', async () => {
    const { clock, mirror, stop } = begin();

    await clock.advance(8 * perClusterMs + 1000);

    expect(mirror.watched).toBeGreaterThan(0);
    await stop();
  });
});
