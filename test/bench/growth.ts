import type { ClusterShape } from '../../dev/cluster-generator.js';
import type { Result } from './baseline.js';
import { BenchLab } from './bench-lab.js';
import { idle } from './churn.js';
import { ready } from './ready.js';
import { restart } from './restart.js';
import { referenceShape } from './shape.js';

type Sizes = Pick<ClusterShape, 'nodes' | 'identities' | 'endpoints' | 'services'>;

/** A quarter of the reference, the reference, and five times as much: 11,625, 46,500 and 230,000 keys. */
const sizes: readonly Sizes[] = [
  { nodes: 125, identities: 1_250, endpoints: 5_000, services: 250 },
  { nodes: 500, identities: 5_000, endpoints: 20_000, services: 1_000 },
  { nodes: 5_000, identities: 20_000, endpoints: 100_000, services: 5_000 },
];

/** How the start, the restart and idleness grow with the size of the cluster; each size has an API server of its own. */
export async function growth(
  options: { readonly runs: number; readonly idleSeconds: number },
  report: (result: Result) => void,
): Promise<void> {
  let reference = 0;
  for (const size of sizes) {
    const lab = await BenchLab.start({ ...referenceShape, ...size });
    try {
      const start = await ready(lab, options.runs);
      if (size.endpoints === referenceShape.endpoints) reference = start['readySeconds'] ?? 0;
      const timesReference =
        reference === 0 ? {} : { timesReference: hundredths((start['readySeconds'] ?? 0) / reference) };
      report({ question: 'growth/ready', ...size, ...start, ...timesReference });
      await lab.wipeMesh();
      report({ question: 'growth/restart', ...size, ...(await restart(lab)) });
      report({ question: 'growth/idle', ...size, ...(await idle(lab, options.idleSeconds)) });
    } finally {
      await lab.stop();
    }
  }
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
