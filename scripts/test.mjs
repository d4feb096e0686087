// The unit and integration tests, on a machine that may have nothing but Node: installs what is missing, builds, tests.
// The last line is "N passed, N failed".
//     npm test [-- VITEST ARGUMENTS]
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './lib/ensure-build.mjs';
import { ensureEtcd } from './lib/ensure-etcd.mjs';
import { ensurePackages } from './lib/ensure-packages.mjs';
import { runTests } from './lib/run-tests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

try {
  ensurePackages(root);
  const etcd = ensureEtcd();
  ensureBuild(root);
  // Tests start `etcd` by its name.
  const env = { PATH: [process.env.PATH, dirname(etcd)].join(delimiter) };
  process.exitCode = runTests(root, { projects: ['unit', 'integration'], args: process.argv.slice(2), env });
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
