// Writes docs/flags.md from the table of flags. Needs no build: the table is plain TypeScript, bundled on the fly.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = await build({
  absWorkingDir: root,
  entryPoints: ['src/modules/config/flags-doc.ts'],
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
});
const code = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
const { flagsDoc } = await import(`data:text/javascript;base64,${code}`);
await writeFile(new URL('../docs/flags.md', import.meta.url), flagsDoc());
