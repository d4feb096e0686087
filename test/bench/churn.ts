import { eventually } from '../support/eventually.js';
import type { ServerProcess } from '../support/server-process.js';
import type { BenchLab } from './bench-lab.js';
import { throughApi, throughEtcd } from './endpoint-changes.js';
import { churn, churnFloor } from './latency.js';
import { cpuSeconds, memory } from './process-meter.js';
import { quantiles } from './quantiles.js';

export interface SteadyChurn {
  readonly perSecond: number;
  readonly seconds: number;
  /** Arguments of the server, e.g. another budget. */
  readonly args: readonly string[];
  /** How the changes get into the API server. */
  readonly through: 'api' | 'etcd';
}

/** The floor is of the same rate, for so long. */
const floorSeconds = 10;

/** Endpoint changes at a steady rate: latency, what is left in the queue, memory before and after, CPU for 1,000 events. */
export async function steadyChurn(lab: BenchLab, options: SteadyChurn): Promise<Record<string, number>> {
  const { perSecond } = options;
  const through = options.through === 'api' ? throughApi(lab) : await throughEtcd(lab);
  const server = await lab.launch(options.args);
  await server.waitReady(300_000);
  const before = { cpu: cpuSeconds(server.pid), mb: memory(server.pid).nowMb };
  const changes = perSecond * options.seconds;
  const result = await churn(lab, { changes, perSecond, through });
  const cpu = cpuSeconds(server.pid) - before.cpu;
  const queueKeys = await queueLength(server);
  const { nowMb, peakMb } = memory(server.pid);
  await server.stop();
  const floor = await churnFloor(lab, { changes: perSecond * floorSeconds, perSecond, through });
  through.close();
  const { p50, p99, max } = quantiles(result.latencies);
  return {
    ...floor,
    changes,
    arrived: result.arrived,
    sentPerSecond: Math.round(changes / result.sentSeconds),
    p50Ms: p50,
    p99Ms: p99,
    maxMs: max,
    lastMs: result.lastMs,
    queueKeys,
    mbBefore: before.mb,
    mbAfter: nowMb,
    peakMb,
    cpuPer1000: Math.round((cpu / changes) * 1000 * 1000) / 1000,
  };
}

/** CPU of a server that has nothing to do, percent of one core over the given seconds. */
export async function idle(lab: BenchLab, seconds: number): Promise<Record<string, number>> {
  const server = await lab.launch();
  await server.waitReady(300_000);
  await eventually(() => watchesAll(server), {
    timeoutMs: 300_000,
    everyMs: 2000,
    what: 'the watches of all keys',
  });
  // By then V8 has collected what the start left.
  await new Promise((resolve) => setTimeout(resolve, 30_000));
  const before = cpuSeconds(server.pid);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const used = cpuSeconds(server.pid) - before;
  const { nowMb, peakMb } = memory(server.pid);
  await server.stop();
  return { seconds, cpuPercent: Math.round((used / seconds) * 10_000) / 100, mb: nowMb, peakMb };
}

/** The read that verifies the first sync is over: every scope is watched. */
async function watchesAll(server: ServerProcess): Promise<boolean> {
  const { body } = await server.admin('GET', '/status');
  const { stages } = body as { stages: readonly { name: string; state: string }[] };
  return stages
    .filter(({ name }) => name.startsWith('etcd-watch/'))
    .every(({ state }) => state === 'watching');
}

async function queueLength(server: ServerProcess): Promise<number> {
  const { body } = await server.admin('GET', '/status');
  const { scopes } = body as { scopes: readonly { dirty: number; inFlight: number }[] };
  return scopes.reduce((sum, { dirty, inFlight }) => sum + dirty + inFlight, 0);
}
