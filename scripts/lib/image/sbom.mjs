import { createHash } from 'node:crypto';
import { imageConfig } from './image-config.mjs';

/** Parts of Node's own executable that scanners know; `process.versions` has them by these names. */
const partsOfNode = {
  acorn: 'acorn',
  ada: 'ada',
  ares: 'c-ares',
  brotli: 'brotli',
  icu: 'icu',
  llhttp: 'llhttp',
  nghttp2: 'nghttp2',
  openssl: 'openssl',
  simdutf: 'simdutf',
  undici: 'undici',
  uv: 'libuv',
  v8: 'v8',
  zlib: 'zlib',
};

/**
 * What the image is made of, as CycloneDX 1.5: the npm packages in the bundle, Node with what is linked into it, and the Debian
 * packages that files were taken from. The same input gives the same text.
 * @param {object} image
 * @param {{ version: string, revision: string, epoch: number }} image.stamp
 * @param {import('./bundled-packages.mjs').NpmPackage[]} image.npm
 * @param {import('./debian-files.mjs').DebianPackage[]} image.debian
 * @param {readonly string[]} image.direct names of the program's own dependencies
 * @param {NodeJS.ProcessVersions} [image.versions] of the Node in the image
 * @returns {object}
 */
export function sbom({ stamp, npm, debian, direct, versions = process.versions }) {
  const program = { ...programOf(stamp), type: 'container' };
  const node = nodeOf(versions);
  const components = [...npm.map(npmComponent), node, ...debian.map(debianComponent)];
  const refOf = new Map(npm.map((found) => [found.path, refOfNpm(found)]));
  const own = npm.filter(({ path, name }) => path === `node_modules/${name}` && direct.includes(name));
  const dependencies = [
    {
      ref: program['bom-ref'],
      dependsOn: [...own.map(refOfNpm), node['bom-ref'], ...debian.map(purlOfDebian)],
    },
    ...npm.map((found) => ({
      ref: refOfNpm(found),
      dependsOn: [...new Set(found.requires.map((path) => refOf.get(path)))],
    })),
  ];
  const bom = {
    metadata: {
      timestamp: new Date(stamp.epoch * 1000).toISOString(),
      lifecycles: [{ phase: 'build' }],
      component: program,
    },
    components,
    dependencies,
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: uuidOf(JSON.stringify(bom)),
    version: 1,
    ...bom,
  };
}

function programOf({ version, revision }) {
  const name = imageConfig.labels['org.opencontainers.image.title'];
  const purl = `pkg:generic/${name}@${version}`;
  const properties = [{ name: 'revision', value: revision }];
  return { 'bom-ref': purl, name, version, purl, licenses: [{ license: { id: 'Apache-2.0' } }], properties };
}

function nodeOf(versions) {
  const purl = `pkg:generic/node@${versions.node}`;
  const parts = Object.entries(partsOfNode).filter(([key]) => versions[key] !== undefined);
  return {
    'bom-ref': purl,
    type: 'platform',
    name: 'node',
    version: versions.node,
    cpe: `cpe:2.3:a:nodejs:node.js:${versions.node}:*:*:*:*:*:*:*`,
    purl,
    licenses: [{ license: { id: 'MIT' } }],
    components: parts.map(([key, name]) => {
      const part = `pkg:generic/${name}@${versions[key]}`;
      const licenses = [{ license: { name: 'see the licence of Node.js, which holds it' } }];
      return { 'bom-ref': part, type: 'library', name, version: versions[key], purl: part, licenses };
    }),
  };
}

/** The same version may be installed at two places: its path tells them apart. */
const refOfNpm = ({ path, version }) => `${path}@${version}`;

function npmComponent(found) {
  const { name, version, licence, integrity } = found;
  const [algorithm, digest] = (integrity ?? '').split('-');
  if (algorithm !== 'sha512' || !digest) {
    throw new Error(`${name}@${version}: integrity is "${integrity}", expected sha512-…`);
  }
  return {
    'bom-ref': refOfNpm(found),
    type: 'library',
    name,
    version,
    purl: `pkg:npm/${name.replace(/^@/, '%40')}@${version}`,
    hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }],
    licenses: /^[A-Za-z0-9.+-]+$/.test(licence) ? [{ license: { id: licence } }] : [{ expression: licence }],
  };
}

/** A `+` of a version is part of it, and has to be escaped in a purl. */
function purlOfDebian({ name, version, architecture, source }) {
  const escaped = encodeURIComponent(version).replaceAll('%3A', ':');
  const upstream = source === name ? '' : `&upstream=${encodeURIComponent(source)}`;
  return `pkg:deb/debian/${encodeURIComponent(name)}@${escaped}?arch=${architecture}${upstream}`;
}

function debianComponent(found) {
  const purl = purlOfDebian(found);
  const { name, version } = found;
  return {
    'bom-ref': purl,
    type: 'library',
    name,
    version,
    purl,
    licenses: licencesOfDebian(found).map((text) => ({ license: { name: text } })),
  };
}

/** The short names of a machine-readable copyright file; they are Debian's and not SPDX's. */
function licencesOfDebian({ name, copyright = '' }) {
  const readable = /^Format:.*copyright-format/.test(copyright);
  const names = readable
    ? [...copyright.matchAll(/^License: *(\S.*)$/gm)].map(([, short]) => short.trim())
    : [];
  return names.length > 0 ? [...new Set(names)].toSorted() : [`see /usr/share/doc/${name}/copyright`];
}

/** A name-based UUID (RFC 9562, version 8), so that the same content has the same number. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex').slice(0, 32).split('');
  hex[12] = '8';
  hex[16] = ((Number.parseInt(hex[16], 16) & 0x3) | 0x8).toString(16);
  return `urn:uuid:${hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}
