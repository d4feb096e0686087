import { parseArgs } from 'node:util';
import { moved, type Result, saveBaseline } from './baseline.js';
import { BenchLab } from './bench-lab.js';
import { idle, steadyChurn } from './churn.js';
import { burst } from './latency.js';
import { ready } from './ready.js';
import { restart } from './restart.js';
import { referenceShape } from './shape.js';

type Question = (lab: BenchLab) => Promise<Record<string, number>>;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string' },
    identities: { type: 'string' },
    endpoints: { type: 'string' },
    services: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '1000' },
    compare: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
  },
});

const seconds = Number(values.seconds);
const perSecond = Number(values.rate);
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
const size = (name: Dimension): number => Number(values[name] ?? referenceShape[name]);
const shape = {
  ...referenceShape,
  nodes: size('nodes'),
  identities: size('identities'),
  endpoints: size('endpoints'),
  services: size('services'),
};

const asked = positionals.length > 0 ? positionals : asUsual;
const unknown = asked.filter((name) => !(name in questions));
if (unknown.length > 0) {
  console.error(`unknown question: ${unknown.join(', ')}; there are ${Object.keys(questions).join(', ')}`);
  process.exit(2);
}

const results: Result[] = [];
const lab = await BenchLab.start(shape);
try {
  for (const name of asked) {
    const { nodes, identities, endpoints, services } = shape;
    const result = {
      question: name,
      nodes,
      identities,
      endpoints,
      services,
      ...(await questions[name]?.(lab)),
    };
    console.table([result]);
    console.log(JSON.stringify(result));
    results.push(result);
    await lab.wipeMesh();
  }
} finally {
  await lab.stop();
}
if (values.compare) console.table(moved(results));
if (values.save) saveBaseline(results);
