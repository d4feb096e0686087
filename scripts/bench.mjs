// npm run bench [-- QUESTION... --endpoints N ...]: builds the program and the benches, then runs them. See test/bench/README.md.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (command, args) => {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

if (!process.argv.includes('--no-build')) run('npm', ['run', '--silent', 'build']);
// Beside the sources, so that relative paths to fixtures and to bin/ hold.
const outfile = `${root}test/bench/.bench.mjs`;
await build({
  entryPoints: [`${root}test/bench/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
run(process.execPath, [outfile, ...process.argv.slice(2).filter((argument) => argument !== '--no-build')]);
