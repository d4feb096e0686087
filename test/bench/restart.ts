import type { BenchLab } from './bench-lab.js';
import { measureRestartFloor } from './floor.js';
import { stateKeys } from './shape.js';

/** What a restart with nothing changed costs: writes seen by a watch on everything of ours, and the time to ready beside the floor. */
export async function restart(lab: BenchLab): Promise<Record<string, number>> {
  const first = await lab.launch();
  await first.waitReady(300_000);
  await first.stop();
  const floorSeconds = await measureRestartFloor(lab, 'cilium/state/');
  const writes = { data: 0, all: 0 };
  const stopWatching = await lab.watch('cilium/', (entry) => {
    writes.all++;
    if (entry.key.toString().startsWith('cilium/state/')) writes.data++;
  });
  const began = performance.now();
  const second = await lab.launch();
  await second.waitReady(300_000);
  const readySeconds = Math.round((performance.now() - began) / 10) / 100;
  await second.stop();
  await stopWatching();
  return {
    keys: stateKeys(lab.shape),
    floorSeconds,
    readySeconds,
    ratioToFloor: Math.round((readySeconds / floorSeconds) * 100) / 100,
    writes: writes.all,
    stateWrites: writes.data,
  };
}
