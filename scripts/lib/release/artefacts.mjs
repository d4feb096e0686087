import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureEtcd, ensureEtcdctl } from '../ensure-etcd.mjs';
import { ensureHelm } from '../ensure-helm.mjs';
import { ensurePackages } from '../ensure-packages.mjs';
import { buildRootfs } from '../image/build-rootfs.mjs';
import { architecture } from '../image/image-config.mjs';
import { writeOciArchive } from '../image/oci-archive.mjs';
import { runCommand } from '../run-command.mjs';
import { notesOf } from './changelog.mjs';

const name = 'clustermesh-apiserver';

/**
 * Makes what a release consists of, from scratch, for the version that the tree has.
 * @param {string} root
 * @param {string} version
 * @param {string} folder empty or not there
 */
export async function makeArtefacts(root, version, folder) {
  ensurePackages(root);
  ensureEtcd();
  ensureEtcdctl();
  runCommand('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  mkdirSync(folder, { recursive: true });
  const image = packImage(root, version, folder);
  const helm = await ensureHelm(4);
  execFileSync(helm, ['package', join(root, 'charts', name), '--destination', folder], { stdio: 'pipe' });
  writeFileSync(join(folder, 'RELEASE-NOTES.md'), notes(root, version, image));
  writeFileSync(join(folder, 'SHA256SUMS'), sums(folder));
}

function packImage(root, version, folder) {
  const work = mkdtempSync(join(tmpdir(), 'release-'));
  try {
    const rootfs = join(work, 'root');
    const { stamp, sbom, bytes } = buildRootfs(root, rootfs);
    const archive = `${name}-${version}-linux-${architecture}.oci.tar`;
    const { digest, layerBytes } = writeOciArchive(
      rootfs,
      join(folder, archive),
      stamp,
      `${name}:${version}`,
    );
    writeFileSync(join(folder, `${name}-${version}.cdx.json`), sbom);
    return { archive, digest, bytes, layerBytes };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function notes(root, version, { archive, digest, bytes, layerBytes }) {
  const size = (count) => `${(count / 1024 / 1024).toFixed(0)} MiB`;
  return [
    `# ${name} ${version}`,
    '',
    notesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version),
    '',
    '### Image',
    '',
    `\`${archive}\` is ${name}:${version} (${digest}), ${size(layerBytes)} compressed, ${size(bytes)} unpacked.`,
    '`docker load -i`, `podman load -i` and `skopeo copy oci-archive:` read it.',
    '',
  ].join('\n');
}

/** As `sha256sum --check` reads it. */
function sums(folder) {
  const lines = readdirSync(folder)
    .toSorted()
    .map(
      (file) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, file)))
          .digest('hex')}  ${file}\n`,
    );
  return lines.join('');
}
