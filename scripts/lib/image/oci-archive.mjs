import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { architecture, buildLabels, imageConfig } from './image-config.mjs';

const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/**
 * Packs a root file system as an image of one layer: a tar of an OCI image layout, which podman and skopeo read, with the
 * manifest.json beside it that every `docker load` reads. The same tree gives the same bytes.
 * @param {string} rootfs
 * @param {string} archive path of the tar to write
 * @param {{ version: string, revision: string, epoch: number }} stamp
 * @param {string} name of the image, `repository:tag`
 * @returns {{ digest: string, layerBytes: number }} digest: of the manifest, what a pod pins; bytes as compressed
 */
export function writeOciArchive(rootfs, archive, stamp, name) {
  const work = mkdtempSync(join(tmpdir(), 'oci-'));
  try {
    const layout = join(work, 'layout');
    mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
    const blob = (mediaType, content) => addBlob(layout, mediaType, content);

    const tar = tarOf(rootfs, join(work, 'layer.tar'), stamp.epoch);
    const layer = blob(mediaTypes.layer, gzipSync(tar));
    const config = blob(mediaTypes.config, json(configOf(stamp, digestOf(tar))));
    const manifest = blob(mediaTypes.manifest, json(manifestOf(config, layer)));

    const write = (path, content) => writeFileSync(join(layout, path), json(content));
    write('oci-layout', { imageLayoutVersion: '1.0.0' });
    write('index.json', indexOf(manifest, name));
    write('manifest.json', [{ Config: pathOf(config), RepoTags: [name], Layers: [pathOf(layer)] }]);
    tarOf(layout, archive, stamp.epoch);
    return { digest: manifest.digest, layerBytes: layer.size };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Everything belongs to root: nothing in the image is meant to be written to. */
function tarOf(folder, archive, epoch) {
  const same = [
    '--sort=name',
    '--format=ustar',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    `--mtime=@${epoch}`,
  ];
  execFileSync('tar', ['--create', `--file=${archive}`, `--directory=${folder}`, ...same, '.']);
  return readFileSync(archive);
}

const json = (value) => Buffer.from(JSON.stringify(value));
const digestOf = (content) => `sha256:${createHash('sha256').update(content).digest('hex')}`;
const pathOf = ({ digest }) => `blobs/${digest.replace(':', '/')}`;

/** @returns an OCI descriptor */
function addBlob(layout, mediaType, content) {
  const descriptor = { mediaType, digest: digestOf(content), size: content.length };
  writeFileSync(join(layout, pathOf(descriptor)), content);
  return descriptor;
}

function manifestOf(config, layer) {
  return { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] };
}

function indexOf(manifest, name) {
  const annotations = { 'org.opencontainers.image.ref.name': name, 'io.containerd.image.name': name };
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ ...manifest, annotations }] };
}

function configOf(stamp, layerDigest) {
  const created = new Date(stamp.epoch * 1000).toISOString();
  const { user, entrypoint, workingDir, env, labels } = imageConfig;
  return {
    created,
    architecture,
    os: 'linux',
    config: {
      User: user,
      Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      Entrypoint: entrypoint,
      WorkingDir: workingDir,
      Labels: { ...labels, ...buildLabels(stamp) },
    },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created, created_by: 'scripts/image-rootfs.mjs', comment: 'the whole root file system' }],
  };
}
