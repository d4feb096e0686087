import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reflector } from '../../../src/modules/kubernetes/reflector.js';
import { eventually } from '../../support/eventually.js';
import { type Fault, FakeKubeServer } from '../../support/fake-kube-server.js';
import { quickTiming, ReflectorLab } from '../../support/reflector-lab.js';

type Step = (server: FakeKubeServer, lab: ReflectorLab) => void | Promise<unknown>;

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom<Fault>(
    { kind: 'refuse' },
    { kind: 'reset' },
    { kind: 'truncate' },
    { kind: 'slow' },
    { kind: 'short' },
    { kind: 'silence' },
    { kind: 'error-event', code: 410 },
    { kind: 'error-event', code: 500 },
  ),
  fc
    .constantFrom(400, 401, 403, 404, 410, 429, 500, 503)
    .map((status): Fault => ({ kind: 'status', status })),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(name, fc.nat()).map(
      ([n, v]): Step =>
        (server) =>
          server.put(n, v),
    ),
  },
  {
    weight: 4,
    arbitrary: name.map(
      (n): Step =>
        (server) =>
          server.remove(n),
    ),
  },
  {
    weight: 2,
    arbitrary: fault.map(
      (f): Step =>
        (server) =>
          void server.faults.watch.push(f),
    ),
  },
  {
    weight: 2,
    arbitrary: fault.map(
      (f): Step =>
        (server) =>
          void server.faults.list.push(f),
    ),
  },
  fc.constantFrom<Step>(
    (server) => server.compact(),
    (server) => server.bookmark(),
    (server) => server.endWatches(),
    (server) => server.dropConnections(),
    // Rejects when the run ends before the list does.
    (_, lab) => void lab.reflector.resync().catch(String),
    () => new Promise((resolve) => setImmediate(resolve)),
    (server) => eventually(() => server.openWatches > 0),
  ),
);

describe(Reflector, () => {
  it('ends with the sink equal to the server, after any changes and faults, with synced said once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.boolean(),
        fc.boolean(),
        async (steps, lists, pages) => {
          const server = await FakeKubeServer.start();
          server.servesWatchLists = lists;
          server.forcePages = pages;
          const timing = { ...quickTiming, silenceMs: 15, backoffBaseMs: 1, backoffMaxMs: 3 };
          const lab = new ReflectorLab(server, { watchList: lists, pageLimit: 2, timing }).run();
          try {
            for (const act of steps) await act(server, lab);
            await eventually(() => same(lab.sink.state, server.state), {
              timeoutMs: 5_000,
              what: 'the sink equals the server',
            });
            expect(lab.sink.calls.filter((call) => call === 'synced').length).toBeLessThanOrEqual(1);
          } finally {
            await lab.stop();
            await server.close();
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

function same(a: Map<string, unknown>, b: Map<string, unknown>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
