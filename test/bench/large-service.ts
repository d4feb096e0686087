import type { TestObject } from '../support/kube-client.js';
import { objectPath } from '../support/kube-client.js';
import type { BenchLab } from './bench-lab.js';
import { churn } from './latency.js';
import { until } from './pace.js';
import { cpuSeconds, memory } from './process-meter.js';
import { quantiles } from './quantiles.js';

export interface LargeServiceOptions {
  readonly backends: number;
  /** Endpoints of the service that change, a second. */
  readonly perSecond: number;
  readonly seconds: number;
}

/** As the EndpointSlice controller fills them by default. */
const backendsPerSlice = 100;
const namespace = 'ns-0';
const name = 'large';
const key = `cilium/state/services/v1/east/${namespace}/${name}`;
/** Changes of ordinary endpoints beside it, a second: a busy service must not delay them. */
const besidePerSecond = 50;

/** Requests at once, each for another slice: one after the other they would not reach the rate. */
const senders = 8;

/**
 * One global service with thousands of backends of which some change all the time: how often its key is written, how large
 * it is, how long after the last change it is right, and what the endpoints beside it wait meanwhile.
 */
export async function largeService(
  lab: BenchLab,
  { backends, perSecond, seconds }: LargeServiceOptions,
): Promise<Record<string, number>> {
  const slices = slicesOf(backends);
  await lab.apply([service, ...slices]);
  const server = await lab.launch();
  await server.waitReady(300_000);
  const expected = slices.map((slice) => slice.endpoints.map(({ addresses }) => addresses[0]));
  const writes: number[] = [];
  let bytes = 0;
  let value = '';
  const stopWatching = await lab.watch(key, (entry, at) => {
    writes.push(at);
    bytes = entry.value.length;
    value = entry.value.toString();
  });
  const cpu = cpuSeconds(server.pid);
  const changes = perSecond * seconds;
  const began = performance.now();
  const beside = churn(lab, { changes: besidePerSecond * seconds, perSecond: besidePerSecond });
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < changes) {
      const i = next++;
      await until(began + (i * 1000) / perSecond);
      const slice = i % slices.length;
      const at = Math.floor(i / slices.length) % backendsPerSlice;
      const address = `10.250.${i >> 8}.${i & 255}`;
      await changeAddress(lab, slices[slice]!, at, address);
      expected[slice]![at] = address;
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
  const sent = performance.now();
  const wanted = new Set(expected.flat());
  const right = (): boolean => sameBackends(value, wanted);
  const deadline = sent + 30_000;
  while (!right() && performance.now() < deadline) await until(performance.now() + 5);
  if (!right()) throw new Error(`${key} is not what its slices say, 30 s after the last change`);
  const last = writes.at(-1) ?? 0;
  const { latencies } = await beside;
  const usedCpu = cpuSeconds(server.pid) - cpu;
  const { peakMb } = memory(server.pid);
  await server.stop();
  await stopWatching();
  const floorMs = await putsOf(lab, value);
  const round = (n: number): number => Math.round(n * 10) / 10;
  return {
    backends,
    changes,
    sentPerSecond: Math.round((changes * 1000) / (sent - began)),
    valueKb: Math.round(bytes / 1000),
    writes: writes.length,
    mostWritesInASecond: mostInASecond(writes),
    lastMs: Math.max(0, round(last - sent)),
    floorMs,
    besideP99Ms: quantiles(latencies).p99,
    cpuPercent: round((usedCpu / ((performance.now() - began) / 1000)) * 100),
    peakMb,
  };
}

/** From a raw put of the value to its watch event, the median of 20, ms. */
async function putsOf(lab: BenchLab, value: string): Promise<number> {
  const key = 'floor/large';
  const taken: number[] = [];
  let seen = (_at: number): void => undefined;
  const stopWatching = await lab.watch(key, (_, at) => seen(at));
  for (let i = 0; i < 20; i++) {
    const began = performance.now();
    const event = new Promise<number>((resolve) => (seen = resolve));
    await lab.probe.put(key, value);
    taken.push((await event) - began);
  }
  await stopWatching();
  await lab.probe.deletePrefix(key);
  return quantiles(taken).p50;
}

interface Slice extends TestObject {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[];
}

const service: TestObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, annotations: { 'service.cilium.io/global': 'true' } },
  spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
};

function slicesOf(backends: number): Slice[] {
  return Array.from({ length: Math.ceil(backends / backendsPerSlice) }, (_, slice) => ({
    apiVersion: 'discovery.k8s.io/v1beta1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${slice}`,
      namespace,
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    endpoints: Array.from(
      { length: Math.min(backendsPerSlice, backends - slice * backendsPerSlice) },
      (_, i) => ({
        addresses: [`10.240.${slice}.${i}`],
        conditions: { ready: true },
      }),
    ),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }));
}

async function changeAddress(lab: BenchLab, slice: Slice, at: number, address: string): Promise<void> {
  const patch = [{ op: 'replace', path: `/endpoints/${at}/addresses/0`, value: address }];
  const answer = await lab.kube.request('PATCH', objectPath(slice), patch, 'application/json-patch+json');
  if (answer.status !== 200) throw new Error(`PATCH ${objectPath(slice)}: ${answer.status}`);
}

function sameBackends(value: string, wanted: ReadonlySet<string | undefined>): boolean {
  if (value === '') return false;
  const { backends } = JSON.parse(value) as { backends: Record<string, unknown> };
  const addresses = Object.keys(backends);
  return addresses.length === wanted.size && addresses.every((address) => wanted.has(address));
}

/** The most events in any window of a second. */
function mostInASecond(times: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (let last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= 1000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
