// The image's root file system in a folder. The Dockerfile runs it, and so do the tests and the release.
//
//     npm run build && node scripts/image-rootfs.mjs FOLDER
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildRootfs } from './lib/image/build-rootfs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [folder, ...more] = process.argv.slice(2);

if (folder === undefined || folder.startsWith('-') || more.length > 0) {
  console.error('usage: node scripts/image-rootfs.mjs FOLDER');
  process.exit(2);
}
try {
  const { stamp, hash, bytes, files } = buildRootfs(root, resolve(folder));
  console.log(`${stamp.version} ${stamp.revision}`);
  console.log(`${files} files, ${(bytes / 1024 / 1024).toFixed(1)} MiB`);
  console.log(`sha256 of the tree ${hash}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
