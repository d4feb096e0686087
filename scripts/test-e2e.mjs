// End-to-end tests: the program as it ships, a real kube-apiserver and a real etcd. Installs and builds what is missing, the
// kube-apiserver too (about six minutes, once). The last line is "N passed, N failed".
//     npm run test:e2e [-- VITEST ARGUMENTS]
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './lib/ensure-build.mjs';
import { ensureEtcd, ensureEtcdctl } from './lib/ensure-etcd.mjs';
import { ensurePackages } from './lib/ensure-packages.mjs';
import { runCommand } from './lib/run-command.mjs';
import { runTests } from './lib/run-tests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const assets = process.env.KUBEBUILDER_ASSETS ?? join(homedir(), '.cache', 'envtest');

try {
  ensurePackages(root);
  const etcd = ensureEtcd();
  ensureEtcdctl();
  if (!existsSync(join(assets, 'kube-apiserver'))) {
    console.log(`No kube-apiserver in ${assets}: building one, about six minutes, once.`);
    runCommand('bash', ['scripts/build-kube-apiserver.sh', assets], { cwd: root });
  }
  ensureBuild(root);
  const env = { PATH: [process.env.PATH, dirname(etcd)].join(delimiter) };
  // One file at a time: some tests promise times that a busy neighbour would break.
  const args = ['--no-file-parallelism', ...process.argv.slice(2)];
  process.exitCode = runTests(root, { projects: ['e2e'], args, env });
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
