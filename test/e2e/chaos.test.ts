import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { RealLab } from '../support/real-lab.js';
import { SampleCluster } from '../support/sample-cluster.js';
import type { ServerProcess } from '../support/server-process.js';

/** A generator of numbers in [0, 1) that can be run again from its seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const victims = ['etcd', 'kube-apiserver', 'the program'] as const;

describe('killing at any moment', () => {
  let lab: RealLab;

  beforeAll(async () => {
    lab = await RealLab.start();
  });
  afterEach(() => lab.reset());
  afterAll(() => lab.stop());

  /** Changes objects until told to stop; what a dying API server refuses is tried again, so that the outcome is known. */
  async function churn(random: () => number, signal: AbortSignal): Promise<number> {
    let changes = 0;
    while (!signal.aborted) {
      const kind = SampleCluster.kinds[Math.floor(random() * SampleCluster.kinds.length)]!;
      const index = Math.floor(random() * 40);
      const change = lab.cluster.has(kind, index) && random() < 0.4 ? 'delete' : 'set';
      await eventually(
        async () => {
          await lab.cluster[change](kind, index);
          return true;
        },
        { timeoutMs: 90_000, everyMs: 50, what: `${change} ${kind} ${String(index)}` },
      );
      changes++;
    }
    return changes;
  }

  it.each(victims)(
    '%s, in the middle of changes, ends in the right content',
    { timeout: 240_000 },
    async (victim) => {
      const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
      const random = seeded(seed);
      await lab.cluster.fill(30);
      let server: ServerProcess = await lab.launch();
      const end = new AbortController();
      const churning = churn(random, end.signal);
      const kill = {
        etcd: () => lab.etcd.kill().then(() => lab.etcd.restart()),
        'kube-apiserver': () => lab.kube.kill().then(() => lab.kube.restart()),
        'the program': async () => {
          await server.kill();
          server = await lab.launch();
        },
      };

      try {
        // The first kills hit it while it starts, the later ones while it follows.
        for (let round = 0; round < 4; round++) {
          const moment = performance.now() + random() * 2_000;
          await eventually(() => performance.now() >= moment);
          await kill[victim]();
        }
        end.abort();
        const changes = await churning;
        await server.waitReady(120_000);
        await lab.expectState(lab.cluster.keys, 60_000);
        expect(changes).toBeGreaterThan(0);
      } catch (error) {
        throw new Error(`again with CHAOS_SEED=${String(seed)}`, { cause: error });
      } finally {
        end.abort();
        await churning;
      }
    },
  );
});
