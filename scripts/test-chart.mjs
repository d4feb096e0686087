// npm run test:chart [-- VITEST ARGUMENTS]: the Helm chart, rendered by real Helm 3 and 4, which are fetched on first use.
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './lib/ensure-packages.mjs';
import { runTests } from './lib/run-tests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

try {
  ensurePackages(root);
  process.exitCode = runTests(root, { projects: ['chart'], args: process.argv.slice(2) });
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
