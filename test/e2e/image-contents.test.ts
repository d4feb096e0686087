import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRootfs, type Rootfs } from '../../scripts/lib/image/build-rootfs.mjs';
import { packagePaths } from '../../scripts/lib/image/bundled-packages.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const json = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly { license?: { id?: string; name?: string }; expression?: string }[];
  readonly hashes?: readonly { alg: string; content: string }[];
  readonly components?: readonly Component[];
}

interface Bom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { ref: string; dependsOn: readonly string[] }[];
}

describe('what is in the image', () => {
  const work = mkdtempSync(join(tmpdir(), 'image-contents-'));
  const rootfs = join(work, 'root');
  const at = (path: string): string => join(rootfs, path);
  let image: Rootfs;

  beforeAll(() => {
    image = buildRootfs(root, rootfs);
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  const files = (): string[] =>
    readdirSync(rootfs, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(rootfs.length));

  it('is the same tree again, whoever builds it', () => {
    const before = process.umask(0o077);
    try {
      const again = buildRootfs(root, join(work, 'again'));

      expect(again).toEqual(image);
    } finally {
      process.umask(before);
      rmSync(join(work, 'again'), { recursive: true });
    }
  });

  it('is not mixed with what is there already', () => {
    expect(() => buildRootfs(root, rootfs)).toThrow(/root is not empty/);
  });

  it('has five programs, the launcher among them, and no package manager', () => {
    const programs = files().filter((path) => path.startsWith('/usr/bin/'));

    expect(programs.toSorted()).toEqual([
      '/usr/bin/clustermesh-apiserver',
      '/usr/bin/dash',
      '/usr/bin/etcd',
      '/usr/bin/etcdctl',
      '/usr/bin/node',
    ]);
    const unwanted = /\/(npm|corepack|apt|dpkg)(\/|$)|node_modules|\.map$/;
    const records = files().filter((path) => path.startsWith('/var/lib/dpkg/status.d/'));
    expect(files().filter((path) => unwanted.test(path))).toEqual(records);
  });

  it('ends the launcher as bin/ ends, so that the flags are the same', () => {
    const ours = readFileSync(join(root, 'bin/clustermesh-apiserver'), 'utf8').split('\n');
    const theirs = readFileSync(at('usr/bin/clustermesh-apiserver'), 'utf8').split('\n');
    const common = theirs.slice(theirs.findIndex((line) => line.startsWith('# What V8')));

    expect(common.length).toBeGreaterThan(5);
    expect(ours.slice(-common.length)).toEqual(common);
    expect(common.at(-2)).toMatch(/^exec node .* "\$main" "\$@"$/);
  });

  it('trusts Mozilla’s authorities, and not those that only this machine trusts', () => {
    const trusted = readFileSync(at('etc/ssl/certs/ca-certificates.crt'), 'utf8');

    expect(trusted.match(/BEGIN CERTIFICATE/g)!.length).toBeGreaterThan(100);
    const folder = '/usr/share/ca-certificates/mozilla';
    for (const name of readdirSync(folder))
      expect(trusted).toContain(readFileSync(join(folder, name), 'utf8'));
    expect(trusted.length).toBe(
      readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name), 'utf8').length, 0),
    );
  });

  describe('its bill of materials', () => {
    let bom: Bom;
    let all: Component[];
    beforeAll(() => {
      bom = JSON.parse(image.sbom) as Bom;
      all = [
        bom.metadata.component,
        ...bom.components.flatMap((component) => [component, ...(component.components ?? [])]),
      ];
    });

    it('is CycloneDX 1.5, and part of the image', () => {
      expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 });
      expect(bom.serialNumber).toMatch(
        /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      expect(new Date(bom.metadata.timestamp).getTime()).toBe(image.stamp.epoch * 1000);
      expect(readFileSync(at('usr/share/doc/clustermesh-apiserver/sbom.cdx.json'), 'utf8')).toBe(image.sbom);
    });

    it('names each thing once, and refers to nothing else', () => {
      const refs = all.map((component) => component['bom-ref']);
      const known = new Set(refs);

      expect(refs.length).toBe(known.size);
      const edges = bom.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]);
      expect(edges.filter((ref) => !known.has(ref))).toEqual([]);
    });

    it('gives every component a version, a licence, and a purl that says the same', () => {
      // https://github.com/package-url/purl-spec: type, optional namespaces, name, version, qualifiers; percent-encoded.
      const syntax =
        /^pkg:(npm|deb|generic)\/((?:[\w.%-]+\/)*)([\w.%+-]+)@([\w.%:~-]+)(\?[a-z]+=[\w.%-]+(&[a-z]+=[\w.%-]+)*)?$/;
      for (const { name, version, purl, licenses } of all) {
        const [, , namespace = '', base = '', wanted = ''] = syntax.exec(purl) ?? [];
        const whole = purl.startsWith('pkg:npm/') ? namespace + base : base;
        expect({ purl, name: decodeURIComponent(whole), version: decodeURIComponent(wanted) }).toEqual({
          purl,
          name,
          version,
        });
        expect(licenses.length).toBeGreaterThan(0);
        for (const { license, expression } of licenses)
          expect(license?.id ?? license?.name ?? expression).toBeTruthy();
      }
    });

    it('lists every npm package of which the bundle holds a byte, with the registry’s hash', () => {
      const locked = json<{ packages: Record<string, { version: string; integrity: string }> }>(
        join(root, 'package-lock.json'),
      ).packages;
      const expected = packagePaths(json(join(root, 'dist/bundle-meta.json'))).map((path) => ({
        'bom-ref': `${path}@${locked[path]!.version}`,
        hash: Buffer.from(locked[path]!.integrity.replace('sha512-', ''), 'base64').toString('hex'),
      }));
      const listed = bom.components.filter(({ purl }) => purl.startsWith('pkg:npm/'));

      expect(expected.length).toBeGreaterThan(50);
      expect(
        listed.map((found) => ({ 'bom-ref': found['bom-ref'], hash: found.hashes![0]!.content })),
      ).toEqual(expected);
    });

    it('says of npm packages what npm itself says', { timeout: 60_000 }, () => {
      const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
      const npm = JSON.parse(
        execFileSync('npm', args, { cwd: root, maxBuffer: 1e8, encoding: 'utf8' }),
      ) as Bom;
      const theirs = new Map(
        npm.components.map(({ purl, hashes }) => [purl, hashes?.find(({ alg }) => alg === 'SHA-512')]),
      );

      for (const { purl, hashes } of bom.components.filter((component) =>
        component.purl.startsWith('pkg:npm/'),
      )) {
        expect({ purl, hash: theirs.get(purl) }).toEqual({ purl, hash: hashes![0] });
      }
    });

    it('lists the Debian package of every file that was not made here', () => {
      const names = new Set(
        bom.components.filter(({ purl }) => purl.startsWith('pkg:deb/')).map(({ name }) => name),
      );
      const foreign = files().filter((path) => /^\/usr\/(bin|lib|lib64)\//.test(path));
      const ownParts = /^\/usr\/(bin\/(node|clustermesh-apiserver)$|lib\/clustermesh-apiserver\/)/;
      const owners = packagesByPath(foreign);
      for (const path of foreign.filter((candidate) => !ownParts.test(candidate))) {
        expect({ path, listed: names.has(owners.get(path) ?? '') }).toEqual({ path, listed: true });
      }
      expect([...names]).toEqual(
        expect.arrayContaining(['etcd-server', 'etcd-client', 'libc6', 'ca-certificates']),
      );
      expect(readdirSync(at('var/lib/dpkg/status.d')).toSorted()).toEqual([...names].toSorted());
    });

    it('names Node with what is linked into it', () => {
      const node = bom.components.find(({ name }) => name === 'node')!;

      expect(node.version).toBe(process.versions.node);
      const inside = new Map(node.components!.map(({ name, version }) => [name, version]));
      expect(inside.get('openssl')).toBe(process.versions.openssl);
      expect(inside.get('v8')).toBe(process.versions.v8);
    });
  });

  it('carries the licences of what it is made of', () => {
    const notices = readFileSync(at('usr/share/doc/clustermesh-apiserver/THIRD-PARTY-NOTICES'), 'utf8');

    for (const { name, version, purl } of (JSON.parse(image.sbom) as Bom).components) {
      if (purl.startsWith('pkg:npm/')) {
        expect(notices).toContain(`\n${name} ${version} (`);
      } else {
        const folder = name === 'node' ? 'nodejs' : name;
        expect(readFileSync(at(`usr/share/doc/${folder}/copyright`), 'utf8').length).toBeGreaterThan(200);
      }
    }
  });
});

/** What dpkg says of paths below /usr, which it may know by the path before /usr was merged, or by that of a link's target. */
function packagesByPath(paths: readonly string[]): Map<string, string> {
  const known = new Map<string, string>();
  for (const path of paths.filter((candidate) => existsSync(candidate))) {
    for (const name of [path, realpathSync(path)])
      known.set(name, path).set(name.replace('/usr/', '/'), path);
  }
  const { stdout } = spawnSync('dpkg-query', ['--search', ...known.keys()], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line.includes(': '));
  return new Map(lines.map((line) => [known.get(line.split(': ')[1]!)!, line.split(':')[0]!]));
}
