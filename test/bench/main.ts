import { parseArgs } from 'node:util';
import { moved, type Result, saveBaseline, withoutBaseline } from './baseline.js';
import { BenchLab } from './bench-lab.js';
import { idle, steadyChurn } from './churn.js';
import { growth } from './growth.js';
import { largeService } from './large-service.js';
import { burst } from './latency.js';
import { bytesPerKey } from './memory.js';
import { mesh } from './mesh.js';
import { referenceMesh } from './mesh-lab.js';
import { ready } from './ready.js';
import { restart } from './restart.js';
import { referenceShape } from './shape.js';

type Figures = Record<string, number>;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clusters: { type: 'string' },
    nodes: { type: 'string' },
    identities: { type: 'string' },
    endpoints: { type: 'string' },
    services: { type: 'string' },
    backends: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
    runs: { type: 'string' },
    through: { type: 'string' },
    compare: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

const seconds = Number(values.seconds ?? 60);
/** Long enough that V8's last collection after the start, half a second of CPU at 230,000 keys, is what it is for a server that idles for hours. */
const idleSeconds = Number(values.seconds ?? 180);
const perSecond = Number(values.rate ?? 1000);
const runs = Number(values.runs ?? 1);
const through = values.through === 'api' ? 'api' : 'etcd';
const noBudget = ['--kvstore-opt=etcd.qps=1000000', '--kvstore-opt=etcd.maxInflight=20'];

/** Asked of one cluster, one after the other. */
const questions: Readonly<Record<string, (lab: BenchLab) => Promise<Figures>>> = {
  ready: (lab) => ready(lab, runs),
  burst: (lab) => burst(lab, { changes: 1000, perSecond: 200 }),
  restart,
  churn: (lab) => steadyChurn(lab, { perSecond, seconds, through, args: [] }),
  'churn-no-budget': (lab) => steadyChurn(lab, { perSecond, seconds, through, args: noBudget }),
  idle: (lab) => idle(lab, idleSeconds),
  'large-service': (lab) =>
    largeService(lab, {
      backends: Number(values.backends ?? 5000),
      perSecond: Number(values.rate ?? 100),
      seconds: Number(values.seconds ?? 20),
    }),
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

/** Those that need another cluster, several, or none. Each reports with the shape that its figures are of. */
const ownLabs: Readonly<Record<string, () => Promise<void>>> = {
  memory: async () => report({ question: 'memory', ...sizes(referenceShape), ...bytesPerKey(shape) }),
  growth: () => growth({ runs: Number(values.runs ?? 3), idleSeconds }, report),
  mesh: async () => {
    const options = { perSecond: Number(values.rate ?? 325), seconds: Number(values.seconds ?? 30) };
    report({ question: 'mesh', ...meshShape, ...(await mesh({ shape: meshShape, ...options })) });
  },
};

const asked = positionals.length > 0 ? positionals : asUsual;
const unknown = asked.filter((name) => !(name in questions) && !(name in ownLabs));
if (unknown.length > 0) {
  const known = Object.keys({ ...questions, ...ownLabs }).join(', ');
  console.error(`unknown question: ${unknown.join(', ')}; there are ${known}`);
  process.exit(2);
}

const results: Result[] = [];
function report(result: Result): void {
  console.table([result]);
  console.log(JSON.stringify(result));
  results.push(result);
}

function compare(): void {
  const news = moved(results);
  const alone = withoutBaseline(results);
  for (const question of alone) console.log(`${question}: no baseline of this shape; --save makes one`);
  if (news.length > 0) console.table(news);
  else if (alone.length < results.length) console.log('nothing moved by more than a tenth');
}

for (const name of asked) await ownLabs[name]?.();
const inCluster = asked.filter((name) => name in questions);
if (inCluster.length > 0) {
  const lab = await BenchLab.start(shape);
  try {
    for (const name of inCluster) {
      const figures = await questions[name]?.(lab);
      report({ question: name, ...sizes(referenceShape), ...figures });
      await lab.wipeMesh();
    }
  } finally {
    await lab.stop();
  }
}
if (values.compare) compare();
if (values.save) saveBaseline(results);
