// npm run demo [-- OPTIONS]: the whole program on one machine, which may have nothing but Node. See dev/demo.ts; --help lists
// the options. Ctrl-C leaves nothing behind.
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './lib/ensure-build.mjs';
import { ensureEtcd } from './lib/ensure-etcd.mjs';
import { ensurePackages } from './lib/ensure-packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function prepare() {
  ensurePackages(root);
  const etcd = ensureEtcd();
  ensureBuild(root);
  return etcd;
}

async function main() {
  const etcd = prepare();
  const { runDemo } = await import('../dist/dev/demo.js');
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt.abort());
  return runDemo({ root, etcd, args: process.argv.slice(2), signal: interrupt.signal });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
