import { parseArgs } from 'node:util';
import { BenchLab } from './bench-lab.js';
import { burst } from './latency.js';
import { ready } from './ready.js';
import { restart } from './restart.js';
import { referenceShape } from './shape.js';

type Question = (lab: BenchLab) => Promise<Record<string, number>>;

const questions: Readonly<Record<string, Question>> = {
  ready,
  burst: (lab) => burst(lab, { changes: 1000, perSecond: 200 }),
  restart,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string' },
    identities: { type: 'string' },
    endpoints: { type: 'string' },
    services: { type: 'string' },
  },
});

type Dimension = 'nodes' | 'identities' | 'endpoints' | 'services';
const size = (name: Dimension): number => Number(values[name] ?? referenceShape[name]);
const shape = {
  ...referenceShape,
  nodes: size('nodes'),
  identities: size('identities'),
  endpoints: size('endpoints'),
  services: size('services'),
};

const asked = positionals.length > 0 ? positionals : Object.keys(questions);
const unknown = asked.filter((name) => !(name in questions));
if (unknown.length > 0) {
  console.error(`unknown question: ${unknown.join(', ')}; there are ${Object.keys(questions).join(', ')}`);
  process.exit(2);
}

const lab = await BenchLab.start(shape);
try {
  for (const name of asked) {
    const result = await questions[name]?.(lab);
    console.table([result]);
    console.log(JSON.stringify({ question: name, ...shape, ...result }));
    await lab.wipeMesh();
  }
} finally {
  await lab.stop();
}
