import { afterEach, beforeEach, expect, it } from 'vitest';
import { DevApiServer } from '../../../dev/api-server/dev-api-server.js';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import { directTransport } from '../../../src/modules/kubernetes/direct-transport.js';
import type { KubeTransport } from '../../../src/modules/kubernetes/kube-transport.js';
import { LeaderElection } from '../../../src/modules/leader-election/leader-election.js';
import { eventually } from '../../support/eventually.js';

/** A tenth of client-go's, but for the lease: Kubernetes counts it in whole seconds. */
const timing = { leaseMs: 2_000, renewWithinMs: 1_000, retryMs: 200 };

let server: DevApiServer;
const transports: KubeTransport[] = [];
const stops: AbortController[] = [];

beforeEach(async () => {
  server = new DevApiServer();
  await server.listen();
});

afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  for (const transport of transports.splice(0)) transport.closeAll();
  await server.close();
});

async function replica(identity: string) {
  const apiServer = { enabled: true, apiServer: server.url, kubeconfigPath: '', environment: {} };
  const api = await directTransport(apiServer, 'test', systemClock);
  const stop = new AbortController();
  transports.push(api);
  stops.push(stop);
  const election = new LeaderElection({
    api,
    namespace: 'kube-system',
    leaseName: 'clustermesh-apiserver',
    identity,
    clock: systemClock,
    log: silentLog,
    random: Math.random,
    timing,
  });
  const ended = election.acquire(stop.signal).then(() => election.hold(stop.signal));
  // Looked at by the test that expects a failure; the others stop it.
  ended.catch(() => undefined);
  return { election, stop, ended };
}

it('one leads; killed, the other one takes over within the lease, and never both at once', async () => {
  const [east, west] = [await replica('east'), await replica('west')];
  const leaders = () => [east, west].filter(({ election }) => election.isLeading());
  await eventually(() => leaders().length === 1, { what: 'a leader' });
  const [first] = leaders();
  const other = first === east ? west : east;
  await eventually(() => other.election.state === 'standby', { what: 'a standby' });
  const killedAt = performance.now();
  first?.stop.abort();
  let both = 0;
  await eventually(() => {
    if (leaders().length > 1) both++;
    return other.election.isLeading();
  });
  const took = performance.now() - killedAt;
  expect(both).toBe(0);
  expect(took).toBeGreaterThan(timing.leaseMs - 2 * timing.retryMs - 500);
  expect(took).toBeLessThan(timing.leaseMs + 3 * timing.retryMs + 2_000);
});

it('a released lease is taken at once', async () => {
  const east = await replica('east');
  await eventually(() => east.election.isLeading());
  const west = await replica('west');
  await eventually(() => west.election.state === 'standby');
  east.stop.abort();
  await east.ended;
  await east.election.release();
  expect(east.election.isLeading()).toBe(false);
  await eventually(() => west.election.isLeading(), { timeoutMs: 1_500 });
});

it('a leader cut off from Kubernetes ends before another one leads', async () => {
  const east = await replica('east');
  await eventually(() => east.election.isLeading());
  const fault = server.faults.stall('/leases/');
  await expect(east.ended).rejects.toThrow('Leader election lost');
  expect(east.election.isLeading()).toBe(false);
  fault.release();
  const west = await replica('west');
  await eventually(() => west.election.isLeading(), { timeoutMs: 6_000 });
});
