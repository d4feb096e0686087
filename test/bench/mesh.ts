import { eventually } from '../support/eventually.js';
import type { ServerProcess } from '../support/server-process.js';
import { meshChurn, type MeshChurnOptions } from './mesh-churn.js';
import { MeshLab, type MeshShape } from './mesh-lab.js';
import { cpuSeconds, memory } from './process-meter.js';
import { quantiles } from './quantiles.js';

export interface MeshOptions {
  readonly shape: MeshShape;
  readonly perSecond: number;
  readonly seconds: number;
}

type Figures = Record<string, number>;

/** As every mirror does; a cluster whose heartbeat stops for two minutes is given up. */
const heartbeatMs = 60_000;

/** Start of kvstoremesh → all remote clusters copied; then steady changes: latency, errors, what is left in the queue. */
export async function mesh({ shape, perSecond, seconds }: MeshOptions): Promise<Figures> {
  const lab = await MeshLab.start(shape);
  const heartbeat = setInterval(() => {
    for (const { cluster } of lab.members) {
      const { heartbeat: table } = cluster.tables;
      if (table) cluster.change(table, 0, 'put');
    }
  }, heartbeatMs);
  try {
    const floor = await lab.measureFloor();
    const began = performance.now();
    const loadBefore = process.cpuUsage();
    const server = await lab.launch();
    const start = await started(lab, server, began);
    const load = process.cpuUsage(loadBefore);
    const loadCpuSeconds = hundredths((load.user + load.system) / 1e6);
    const churn = await changed(lab, server, { changes: perSecond * seconds, perSecond });
    await server.stop();
    const ratioToFloor = hundredths((start['allReadySeconds'] ?? 0) / floor.floorSeconds);
    return { ...floor, ...start, ratioToFloor, loadCpuSeconds, ...churn };
  } finally {
    clearInterval(heartbeat);
    await lab.stop();
  }
}

async function started(lab: MeshLab, server: ServerProcess, began: number): Promise<Figures> {
  const etcdCpuBefore = cpuSeconds(lab.etcd.pid);
  // Each answer names what is missing, of 250 clusters: asked as often as the other benches do, the asking would be a tenth of
  // the work. The first request that is answered with 200 is at most this late.
  const ready = async (): Promise<boolean> =>
    server.exited !== undefined || (await server.readyz()).status === 200;
  await eventually(ready, { timeoutMs: 300_000, everyMs: 200, what: '/readyz 200' });
  const readySeconds = (performance.now() - began) / 1000;
  const readyKeys = await lab.count('cilium/cache/');
  const clusters = lab.members.length;
  // A cluster that does not connect in time stops holding back /readyz: all of them are looked at.
  const allReady = async (): Promise<boolean> =>
    (await lab.clusters()).filter(({ ready, connected }) => ready && connected).length === clusters;
  await eventually(allReady, { timeoutMs: 300_000, everyMs: 100, what: 'all clusters ready' });
  const allReadySeconds = (performance.now() - began) / 1000;
  const { peakMb, nowMb } = memory(server.pid);
  const cpu = cpuSeconds(server.pid);
  await expectKeys(lab);
  return {
    keys: lab.expectedKeys,
    readySeconds: hundredths(readySeconds),
    keysAtReady: readyKeys,
    allReadySeconds: hundredths(allReadySeconds),
    readyCpuSeconds: hundredths(cpu),
    etcdCpuSeconds: hundredths(cpuSeconds(lab.etcd.pid) - etcdCpuBefore),
    readyPeakMb: peakMb,
    readyMb: nowMb,
  };
}

async function changed(lab: MeshLab, server: ServerProcess, options: MeshChurnOptions): Promise<Figures> {
  const cpuBefore = cpuSeconds(server.pid);
  const { arrived, sentSeconds, lastMs, latencies } = await meshChurn(lab, options);
  const cpu = cpuSeconds(server.pid) - cpuBefore;
  const { peakMb, nowMb } = memory(server.pid);
  const metrics = await server.metrics();
  await expectKeys(lab);
  const { p50, p99, max } = quantiles(latencies);
  return {
    changes: options.changes,
    arrived,
    sentPerSecond: Math.round(options.changes / sentSeconds),
    p50Ms: p50,
    p99Ms: p99,
    maxMs: max,
    lastMs: Math.round(lastMs),
    queueKeys: sumOf(metrics, 'kvstore_sync_queue_size'),
    // A counter that has never counted has no series.
    syncErrors: metrics.includes('kvstore_sync_errors_total{')
      ? sumOf(metrics, 'kvstore_sync_errors_total')
      : 0,
    reconnects: sumOf(metrics, 'remote_cluster_failures'),
    wrongCopies: (await lab.wrongCopies(25)).length,
    churnCpuSeconds: hundredths(cpu),
    peakMb,
    mb: nowMb,
  };
}

/** @throws Error unless the local etcd holds as many keys as it must */
async function expectKeys(lab: MeshLab): Promise<void> {
  const clusters = lab.members.length;
  const counts = {
    'cilium/cache/': lab.expectedKeys,
    'cilium/cluster-config/': clusters,
    'cilium/synced/': 4 * clusters,
  };
  for (const [prefix, expected] of Object.entries(counts)) {
    const keys = await lab.count(prefix);
    if (keys !== expected) throw new Error(`${prefix}: etcd holds ${keys} keys, expected ${expected}`);
  }
}

/** Of all series of a metric; names carry a prefix, which differs from command to command. */
function sumOf(metrics: string, name: string): number {
  const series = new RegExp(`^\\w*${name}(?:\\{.*\\})? (\\S+)$`, 'gm');
  const found = [...metrics.matchAll(series)];
  if (found.length === 0) throw new Error(`/metrics has no ${name}`);
  return found.reduce((sum, [, value]) => sum + Number(value), 0);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
