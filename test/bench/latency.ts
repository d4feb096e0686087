import type { TestObject } from '../support/kube-client.js';
import type { BenchLab } from './bench-lab.js';
import { type EndpointChanges, throughApi } from './endpoint-changes.js';
import { until } from './pace.js';
import { quantiles } from './quantiles.js';
import { RawRelay } from './raw-relay.js';

export interface ChurnOptions {
  readonly changes: number;
  readonly perSecond: number;
  /** Default: through the API server. */
  readonly through?: EndpointChanges;
}

interface ChurnResult {
  readonly changes: number;
  readonly arrived: number;
  /** Until the last change was accepted. */
  readonly sentSeconds: number;
  /** From the acceptance of the last change to the arrival of the last key. */
  readonly lastMs: number;
  readonly latencies: readonly number[];
}

const prefix = 'cilium/state/ip/v1/default/';
/** Of the two keys of an endpoint the bench watches the IPv4 one. */
const ipv4Prefix = `${prefix}10.`;

/**
 * Changes the identity of endpoints at a fixed rate and measures from the acceptance of each change (the answer to it) to
 * the etcd watch event of its IPv4 key. An event that beats the answer counts as 0.
 */
export async function churn(lab: BenchLab, options: ChurnOptions): Promise<ChurnResult> {
  const { changes, perSecond, through = throughApi(lab) } = options;
  const waiting = new Map<string, { id: number; at: number | undefined }>();
  const latencies: number[] = [];
  let lastArrival = 0;
  const arrived = (ip: string, value: string, at: number): void => {
    const open = waiting.get(ip);
    if (!open || !value.includes(`"ID":${open.id},`)) return;
    waiting.delete(ip);
    latencies.push(open.at === undefined ? 0 : at - open.at);
    lastArrival = at;
  };
  const stopWatching = await lab.watch(ipv4Prefix, (entry, at) => {
    arrived(entry.key.toString().slice(prefix.length), entry.value.toString(), at);
  });
  const began = performance.now();
  const round = Math.floor(began);
  let next = 0;
  let lastSent = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (next < changes) {
        const index = next++;
        await until(began + (index * 1000) / perSecond);
        const endpoint = lab.generator.endpoint(index % lab.shape.endpoints);
        const id = 1_000_000 + ((round + index) % 1_000_000);
        const ip = ipv4Of(endpoint);
        waiting.set(ip, { id, at: undefined });
        await through.change(index % lab.shape.endpoints, id);
        lastSent = performance.now();
        const open = waiting.get(ip);
        if (open?.id === id) open.at = lastSent;
      }
    }),
  );
  const deadline = performance.now() + 120_000;
  while (waiting.size > 0 && performance.now() < deadline) await until(performance.now() + 10);
  await stopWatching();
  return {
    changes,
    arrived: latencies.length,
    sentSeconds: Math.round((lastSent - began) / 10) / 100,
    lastMs: Math.max(0, Math.round(lastArrival - lastSent)),
    latencies,
  };
}

/** The same changes, afterwards, with nothing but a raw relay between the API server and etcd. It leaves etcd empty. */
export async function churnFloor(
  lab: BenchLab,
  options: ChurnOptions,
): Promise<{ floorP50Ms: number; floorP99Ms: number }> {
  const relay = await RawRelay.start(lab, prefix);
  const { arrived, changes, latencies } = await churn(lab, options);
  relay.stop();
  if (arrived < changes) throw new Error(`the raw relay brought ${arrived} of ${changes} changes`);
  await lab.wipeMesh();
  const { p50, p99 } = quantiles(latencies);
  return { floorP50Ms: p50, floorP99Ms: p99 };
}

/** A burst at the stock budget: 1,000 changes at 200/s with etcd.qps=20. */
export async function burst(lab: BenchLab, options: ChurnOptions): Promise<Record<string, number>> {
  const server = await lab.launch();
  await server.waitReady(300_000);
  const { changes, arrived, sentSeconds, lastMs, latencies } = await churn(lab, options);
  await server.stop();
  const floor = await churnFloor(lab, options);
  const { p50, p90, p99, max } = quantiles(latencies);
  return { ...floor, changes, arrived, sentSeconds, p50Ms: p50, p90Ms: p90, p99Ms: p99, maxMs: max, lastMs };
}

function ipv4Of(endpoint: TestObject): string {
  const status = endpoint.status as { networking: { addressing: { ipv4: string }[] } };
  return status.networking.addressing[0]?.ipv4 ?? '';
}
