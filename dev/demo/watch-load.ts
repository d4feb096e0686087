import { Churn } from '../churn.js';
import { ClusterGenerator, type ClusterShape, type GeneratedObject } from '../cluster-generator.js';
import type { DemoStack } from './demo-stack.js';
import { pause } from './pause.js';

/** Creates all objects of a generated cluster. */
export function generateCluster(stack: DemoStack, shape: ClusterShape): void {
  const begin = performance.now();
  const generator = new ClusterGenerator(shape);
  let objects = 0;
  for (const object of generator.objects()) {
    stack.apiServer.apply(object);
    objects++;
  }
  const ms = performance.now() - begin;
  console.log(`Generated ${String(objects)} objects in ${(ms / 1000).toFixed(1)} s`);
}

interface Tally {
  writes: number;
  /** ms from the change of an object to the key's change in etcd. */
  latencies: number[];
}

/**
 * Changes the cluster `rate` times a second and prints each second what came of it, until the signal aborts. How late a key
 * is, is measured from the outside: from the change of the object until etcd tells a watcher.
 */
export async function followLoad(
  stack: DemoStack,
  shape: ClusterShape,
  rate: number,
  signal: AbortSignal,
): Promise<void> {
  const changedAt = new Map<string, number>();
  const tally: Tally = { writes: 0, latencies: [] };
  const counting = countWrites(stack, changedAt, tally, signal);
  // Awaited at the end; if etcd breaks before, the table's own requests say so.
  counting.catch(() => undefined);
  const churn = new Churn(new ClusterGenerator(shape));
  const stopChurn = every(1000 / Math.max(rate, 1), () => {
    if (rate === 0 || shape.endpoints === 0) return;
    const { type, object } = churn.next();
    changedAt.set(ipKeyOf(object), performance.now());
    if (type === 'apply') stack.apiServer.apply(object);
    else stack.apiServer.delete(object);
  });
  console.log('\n     keys  writes/s    median ms       max ms      waiting');
  try {
    while (!signal.aborted) {
      await pause(1000, signal);
      await printSecond(stack, tally);
    }
  } finally {
    stopChurn();
  }
  await counting;
}

async function countWrites(
  stack: DemoStack,
  changedAt: Map<string, number>,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  for await (const { key } of stack.etcd.watch('cilium/state/', signal)) {
    tally.writes++;
    const since = changedAt.get(key);
    if (since === undefined) continue;
    changedAt.delete(key);
    tally.latencies.push(performance.now() - since);
  }
}

async function printSecond(stack: DemoStack, tally: Tally): Promise<void> {
  const { writes, latencies } = tally;
  Object.assign(tally, { writes: 0, latencies: [] });
  const keys = await stack.etcd.count('cilium/');
  const waiting = await waitingKeys(stack);
  latencies.sort((left, right) => left - right);
  const median = latencies[latencies.length >> 1];
  const cell = (value: number | undefined, width: number): string =>
    (value === undefined ? '-' : String(Math.round(value))).padStart(width);
  console.log(
    `${cell(keys, 9)}${cell(writes, 10)}${cell(median, 13)}${cell(latencies.at(-1), 13)}${cell(waiting, 13)}`,
  );
}

/** Keys that the mirror says it has still to write; undefined if its status does not tell. */
async function waitingKeys(stack: DemoStack): Promise<number | undefined> {
  const response = await fetch(stack.urls.status);
  const { scopes } = (await response.json()) as { scopes?: { dirty?: number; inFlight?: number }[] };
  return scopes?.reduce((sum, { dirty = 0, inFlight = 0 }) => sum + dirty + inFlight, 0);
}

/** Calls back that often on average, catching up after a delay. Returns the end of it. */
function every(ms: number, callback: () => void): () => void {
  const begin = performance.now();
  let done = 0;
  const timer = setInterval(
    () => {
      for (; done * ms <= performance.now() - begin; done++) callback();
    },
    Math.max(ms, 5),
  );
  return () => {
    clearInterval(timer);
  };
}

function ipKeyOf(object: GeneratedObject): string {
  const { status } = object as { status?: { networking?: { addressing?: { ipv4?: string }[] } } };
  return `cilium/state/ip/v1/default/${status?.networking?.addressing?.[0]?.ipv4 ?? ''}`;
}
