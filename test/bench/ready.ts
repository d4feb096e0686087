import type { BenchLab } from './bench-lab.js';
import { measureFloor } from './floor.js';
import { cpuSeconds, memory } from './process-meter.js';
import { stateKeys } from './shape.js';

/**
 * Start of the process → /readyz 200, on an empty etcd, beside the floor of the same run. Of several runs the one with the
 * median time; the floor is measured before each.
 */
export async function ready(lab: BenchLab, runs = 1): Promise<Record<string, number>> {
  const results: { readonly readySeconds: number }[] = [];
  for (let run = 0; run < runs; run++) {
    if (run > 0) await lab.wipeMesh();
    results.push(await oneStart(lab));
  }
  results.sort((a, b) => a.readySeconds - b.readySeconds);
  return { ...results[Math.floor(runs / 2)], runs };
}

async function oneStart(lab: BenchLab): Promise<{ readySeconds: number } & Record<string, number>> {
  const floor = await measureFloor(lab);
  const began = performance.now();
  const server = await lab.launch();
  await server.waitReady(300_000);
  const readySeconds = (performance.now() - began) / 1000;
  const cpu = cpuSeconds(server.pid);
  const { peakMb } = memory(server.pid);
  const keys = await lab.count('cilium/state/');
  const expected = stateKeys(lab.shape);
  if (keys !== expected) throw new Error(`etcd holds ${keys} keys, expected ${expected}`);
  await server.stop();
  return {
    keys,
    ...floor,
    readySeconds: Math.round(readySeconds * 100) / 100,
    ratioToFloor: Math.round((readySeconds / floor.floorSeconds) * 100) / 100,
    cpuSeconds: Math.round(cpu * 100) / 100,
    peakMb,
  };
}
