// End-to-end tests: the program as it ships, a real kube-apiserver and a real etcd. Builds what is missing first:
//     npm run test:e2e [-- VITEST ARGUMENTS]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const assets = process.env.KUBEBUILDER_ASSETS ?? join(homedir(), '.cache', 'envtest');

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(join(root, 'node_modules', 'vitest'))) run('npm', 'ci');
if (!existsSync(join(assets, 'kube-apiserver'))) {
  console.log(`No kube-apiserver in ${assets}: building one, about six minutes, once.`);
  run('bash', 'scripts/build-kube-apiserver.sh', assets);
}
run('npm', 'run', 'build');
// One file at a time: some tests promise times that a busy neighbour would break.
run('npx', 'vitest', 'run', '--project', 'e2e', '--no-file-parallelism', ...process.argv.slice(2));
