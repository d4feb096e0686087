import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageConfig } from '../../../scripts/lib/image/image-config.mjs';
import { writeOciArchive } from '../../../scripts/lib/image/oci-archive.mjs';

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

const stamp = { version: '1.2.3', revision: 'abc', epoch: 1_700_000_000 };
const sha256 = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

describe(writeOciArchive, () => {
  const work = mkdtempSync(join(tmpdir(), 'oci-archive-'));
  const rootfs = join(work, 'root');
  const layout = join(work, 'layout');
  const pack = (name: string) => writeOciArchive(rootfs, join(work, name), stamp, 'repository:tag');
  let digest: string;

  beforeAll(() => {
    for (const folder of ['tmp', 'usr/bin']) mkdirSync(join(rootfs, folder), { recursive: true });
    chmodSync(join(rootfs, 'tmp'), 0o1777);
    writeFileSync(join(rootfs, 'usr/bin/program'), 'x', { mode: 0o755 });
    symlinkSync('usr/bin', join(rootfs, 'bin'));
    digest = pack('image.tar').digest;
    mkdirSync(layout);
    execFileSync('tar', ['--extract', `--file=${join(work, 'image.tar')}`, `--directory=${layout}`]);
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  const file = (path: string): Buffer => readFileSync(join(layout, path));
  const json = <T>(content: Buffer): T => JSON.parse(content.toString()) as T;
  const pathOf = ({ digest: name }: { digest: string }): string => join('blobs', name.replace(':', '/'));

  function blob(descriptor: Descriptor): Buffer {
    const content = file(pathOf(descriptor));
    expect({ digest: sha256(content), size: content.length }).toEqual({
      digest: descriptor.digest,
      size: descriptor.size,
    });
    return content;
  }

  function manifest(): { config: Descriptor; layers: [Descriptor] } {
    const index = json<{ manifests: [Descriptor] }>(file('index.json'));
    expect(index.manifests[0].digest).toBe(digest);
    return json(blob(index.manifests[0]));
  }

  it('is an image layout in which every digest is right', () => {
    const { config, layers } = manifest();
    const { rootfs: chain } = json<{ rootfs: { diff_ids: string[] } }>(blob(config));

    expect(json(file('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(chain.diff_ids).toEqual([sha256(gunzipSync(blob(layers[0])))]);
  });

  it('says how the image is started, and which build it is', () => {
    const config = json<{
      os: string;
      created: string;
      config: { User: string; Entrypoint: string[]; Env: string[]; Labels: Record<string, string> };
    }>(blob(manifest().config));

    expect(config).toMatchObject({ os: 'linux', created: '2023-11-14T22:13:20.000Z' });
    expect(config.config).toMatchObject({ User: '65532:65532', Entrypoint: imageConfig.entrypoint });
    expect(config.config.Env).toContain('GOPS_CONFIG_DIR=/tmp/gops');
    expect(config.config.Labels['org.opencontainers.image.version']).toBe('1.2.3');
  });

  it('keeps modes and links, and gives everything to root', () => {
    const layer = gunzipSync(blob(manifest().layers[0]));
    const listing = execFileSync('tar', ['-tv', '--numeric-owner'], { input: layer, encoding: 'utf8' });

    const lines = listing.trimEnd().split('\n');
    expect(lines.filter((line) => !/^\S+ 0\/0 /.test(line))).toEqual([]);
    expect(listing).toMatch(/^drwxrwxrwt .* \.\/tmp\/$/m);
    expect(listing).toMatch(/^lrwxrwxrwx .* \.\/bin -> usr\/bin$/m);
    expect(listing).toMatch(/^-rwxr-xr-x .* \.\/usr\/bin\/program$/m);
  });

  it('can be read by every `docker load`', () => {
    const { config, layers } = manifest();

    expect(json(file('manifest.json'))).toEqual([
      { Config: pathOf(config), RepoTags: ['repository:tag'], Layers: [pathOf(layers[0])] },
    ]);
  });

  it('is the same bytes again', () => {
    expect(pack('again.tar').digest).toBe(digest);
    expect(sha256(readFileSync(join(work, 'again.tar')))).toBe(sha256(readFileSync(join(work, 'image.tar'))));
  });
});
