import type { BenchLab } from './bench-lab.js';
import { measureFloor } from './floor.js';
import { cpuSeconds, memory } from './process-meter.js';
import { stateKeys } from './shape.js';

/**
 * Start of the process → /readyz 200, on an empty etcd, beside the floor, which is measured before each start. Each figure is the
 * median of the runs: the floor of a single one may be half or twice that of the next.
 */
export async function ready(lab: BenchLab, runs = 1): Promise<Record<string, number>> {
  const results: StartFigures[] = [];
  for (let run = 0; run < runs; run++) {
    if (run > 0) await lab.wipeMesh();
    results.push(await oneStart(lab));
  }
  const median = (of: keyof StartFigures): number =>
    results.map((result) => result[of]).toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? 0;
  const figures = Object.fromEntries(names.map((name) => [name, median(name)]));
  const ratioToFloor = hundredths(median('readySeconds') / median('floorSeconds'));
  return { keys: stateKeys(lab.shape), ...figures, ratioToFloor, runs };
}

const names = [
  'listSeconds',
  'listMb',
  'writeSeconds',
  'floorSeconds',
  'readySeconds',
  'cpuSeconds',
  'peakMb',
] as const;

type StartFigures = Readonly<Record<(typeof names)[number], number>>;

async function oneStart(lab: BenchLab): Promise<StartFigures> {
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
  return { ...floor, readySeconds: hundredths(readySeconds), cpuSeconds: hundredths(cpu), peakMb };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
