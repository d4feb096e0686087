// Bundles what tsc built (dist/src) into dist/bundle, so that the image needs no node_modules.
// esbuild cannot emit decorator metadata, therefore it gets tsc's output and not the sources.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'dist/bundle');
const require = createRequire(import.meta.url);

/** Peers that Nest and terminus try to load when somebody uses them; nobody here does. */
const optionalPeers = [
  '@nestjs/microservices',
  '@nestjs/websockets',
  '@nestjs/platform-fastify',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/axios',
  '@nestjs/mongoose',
  '@nestjs/sequelize',
  '@nestjs/typeorm',
  '@mikro-orm/core',
  '@mikro-orm/nestjs',
  '@prisma/client',
  'mongoose',
  'sequelize',
  'typeorm',
];

/** Packages whose modules only define things, though they do not say so: what is not used of them can go. */
const pure =
  /[\\/]node_modules[\\/](@kubernetes[\\/]client-node|class-validator|libphonenumber-js|validator)[\\/]/;

const sideEffectFree = {
  name: 'side-effect-free',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[@a-z.]/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === sideEffectFree) return undefined;
      const { importer, resolveDir, kind, with: attributes } = rest;
      const found = await resolve(path, {
        importer,
        resolveDir,
        kind,
        with: attributes,
        pluginData: sideEffectFree,
      });
      // What cannot be found is esbuild's to judge: a require() in a try block is allowed to fail.
      return found.errors.length === 0 && pure.test(found.path)
        ? { path: found.path, sideEffects: false }
        : undefined;
    });
  },
};

/** Half a megabyte of the world's phone numbers that class-validator brings along and nothing here validates. */
const noPhoneNumbers = {
  name: 'no-phone-numbers',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^libphonenumber-js/ }, ({ path }) => ({ path, namespace: 'left-out' }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
  },
};

function git(...args) {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown'; // built from an archive
  }
}

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const stamp = {
  version,
  revision: git('rev-parse', '--short', 'HEAD'),
  date: git('log', '-1', '--format=%cI'),
};

await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { 'clustermesh-apiserver': 'dist/src/main.js' },
  outdir: 'dist/bundle',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true, // the apps stay lazy: `version` and --help load none of them
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  external: optionalPeers,
  define: { __BUILD_STAMP__: JSON.stringify(stamp) },
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      "import { fileURLToPath as __fileURLToPath } from 'node:url';",
      "import { dirname as __pathDirname } from 'node:path';",
      'const require = __createRequire(import.meta.url);',
      'const __filename = __fileURLToPath(import.meta.url);',
      'const __dirname = __pathDirname(__filename);',
    ].join('\n'),
  },
  plugins: [noPhoneNumbers, sideEffectFree],
  logLevel: 'warning',
});

// etcd3 loads its definitions at run time from ../proto of the file that it is in, which is dist/bundle/chunks/*.
const proto = join(dirname(require.resolve('etcd3/package.json')), 'proto');
await cp(proto, join(outdir, 'proto'), { recursive: true });

// The status page, which is looked for beside the file that serves it: as it is for dist/src, without its comments here.
const page = join(root, 'src/modules/admin/page/static');
await cp(page, join(root, 'dist/src/modules/admin/page/static'), { recursive: true });
for (const name of await readdir(page, { recursive: true })) {
  const loader = { '.js': 'js', '.css': 'css' }[extname(name)];
  if (extname(name) === '') continue;
  const text = await readFile(join(page, name), 'utf8');
  const target = join(outdir, 'chunks/static', name);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, loader ? (await transform(text, { loader, minify: true })).code : text);
}

await writeFile(join(root, 'dist/bundle-meta.json'), JSON.stringify(metafile));
for (const [file, { bytes }] of Object.entries(metafile.outputs)) {
  if (!file.endsWith('.map')) console.log(`${(bytes / 1024).toFixed(0).padStart(7)} KiB  ${file}`);
}
