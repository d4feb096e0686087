import { parseArgs } from 'node:util';
import { moved, type Result, saveBaseline } from './baseline.js';
import { BenchLab } from './bench-lab.js';
import { idle, steadyChurn } from './churn.js';
import { burst } from './latency.js';
import { mesh } from './mesh.js';
import { referenceMesh } from './mesh-lab.js';
import { ready } from './ready.js';
import { restart } from './restart.js';
import { referenceShape } from './shape.js';

type Question = (lab: BenchLab) => Promise<Record<string, number>>;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clusters: { type: 'string' },
    nodes: { type: 'string' },
    identities: { type: 'string' },
    endpoints: { type: 'string' },
    services: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
    compare: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

const seconds = Number(values.seconds ?? 60);
const perSecond = Number(values.rate ?? 1000);
const noBudget = ['--kvstore-opt=etcd.qps=1000000', '--kvstore-opt=etcd.maxInflight=20'];

const questions: Readonly<Record<string, Question>> = {
  ready,
  burst: (lab) => burst(lab, { changes: 1000, perSecond: 200 }),
  restart,
  churn: (lab) => steadyChurn(lab, { perSecond, seconds, args: [] }),
  'churn-no-budget': (lab) => steadyChurn(lab, { perSecond, seconds, args: noBudget }),
  idle: (lab) => idle(lab, seconds),
};
/** What the published figures need; the others take minutes and are asked for by name. */
const asUsual = ['ready', 'burst', 'restart'];

type Dimension = 'nodes' | 'identities' | 'endpoints' | 'services';
const sizes = (defaults: Readonly<Record<Dimension, number>>): Record<Dimension, number> => ({
  nodes: Number(values.nodes ?? defaults.nodes),
  identities: Number(values.identities ?? defaults.identities),
  endpoints: Number(values.endpoints ?? defaults.endpoints),
  services: Number(values.services ?? defaults.services),
});
const shape = { ...referenceShape, ...sizes(referenceShape) };
const meshShape = { clusters: Number(values.clusters ?? referenceMesh.clusters), ...sizes(referenceMesh) };

/** Those that need no cluster of ours bring their own lab; with the shape that their figures are of. */
const ownLabs: Readonly<Record<string, () => Promise<Record<string, number>>>> = {
  mesh: async () => ({
    ...meshShape,
    ...(await mesh({
      shape: meshShape,
      perSecond: Number(values.rate ?? 325),
      seconds: Number(values.seconds ?? 30),
    })),
  }),
};

const asked = positionals.length > 0 ? positionals : asUsual;
const unknown = asked.filter((name) => !(name in questions) && !(name in ownLabs));
if (unknown.length > 0) {
  console.error(
    `unknown question: ${unknown.join(', ')}; there are ${Object.keys({ ...questions, ...ownLabs }).join(', ')}`,
  );
  process.exit(2);
}

const results: Result[] = [];
function report(result: Result): void {
  console.table([result]);
  console.log(JSON.stringify(result));
  results.push(result);
}

for (const name of asked) {
  const figures = await ownLabs[name]?.();
  if (figures) report({ question: name, ...figures });
}
const inCluster = asked.filter((name) => name in questions);
if (inCluster.length > 0) {
  const { nodes, identities, endpoints, services } = shape;
  const lab = await BenchLab.start(shape);
  try {
    for (const name of inCluster) {
      const figures = await questions[name]?.(lab);
      report({ question: name, nodes, identities, endpoints, services, ...figures });
      await lab.wipeMesh();
    }
  } finally {
    await lab.stop();
  }
}
if (values.compare) console.table(moved(results));
if (values.save) saveBaseline(results);
