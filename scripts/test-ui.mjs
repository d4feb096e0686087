// The status page in a real browser, against the program as it ships. Installs and builds what is missing, Chromium too.
// The last line is "N passed, N failed".
//     npm run test:ui [-- VITEST ARGUMENTS]
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './lib/ensure-build.mjs';
import { ensureChromium } from './lib/ensure-chromium.mjs';
import { ensureEtcd } from './lib/ensure-etcd.mjs';
import { ensurePackages } from './lib/ensure-packages.mjs';
import { runTests } from './lib/run-tests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

try {
  ensurePackages(root);
  const etcd = ensureEtcd();
  const chromium = process.env.CHROMIUM ?? ensureChromium();
  ensureBuild(root);
  const env = { PATH: [process.env.PATH, dirname(etcd)].join(delimiter), CHROMIUM: chromium };
  // One file at a time: a browser and three servers are enough for a small machine.
  const args = ['--no-file-parallelism', ...process.argv.slice(2)];
  process.exitCode = runTests(root, { projects: ['ui'], args, env });
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
