import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildStamp } from './build-stamp.mjs';
import { bundledPackages } from './bundled-packages.mjs';
import { mergedPath, owningPackages, sharedLibraries } from './debian-files.mjs';
import { imageConfig } from './image-config.mjs';
import { launcher } from './launcher.mjs';
import { RootFolder } from './root-folder.mjs';
import { sbom } from './sbom.mjs';
import { treeHash } from './tree-hash.mjs';

/** Programs beside Node, all of Debian. dash runs the launcher; etcdctl is for people. */
const programs = ['/usr/bin/etcd', '/usr/bin/etcdctl', '/usr/bin/dash'];
const authorities = '/usr/share/ca-certificates/mozilla';
const osRelease = '/usr/lib/os-release';
const application = '/usr/lib/clustermesh-apiserver';
const documents = '/usr/share/doc/clustermesh-apiserver';

/** Where the chart and the runtime mount something. A root file system that is read-only from the start needs them to be there. */
const mountPoints = [
  '/dev',
  '/proc',
  '/sys',
  '/run/etcd',
  '/run/secrets/kubernetes.io/serviceaccount',
  '/var/lib/etcd-secrets',
  '/var/lib/cilium/etcd-secrets',
  '/var/lib/cilium/etcd-config',
  '/var/lib/cilium/external-etcd',
  '/var/lib/cilium/clustermesh',
];

/** Files that the kubelet mounts over. */
const mountFiles = ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf'];

/** The etcd beside the server (spec/operations.md §4.1). */
const etcdConfig = `endpoints:
- https://127.0.0.1:2379
trusted-ca-file: /var/lib/cilium/etcd-secrets/ca.crt
cert-file: /var/lib/cilium/etcd-secrets/tls.crt
key-file: /var/lib/cilium/etcd-secrets/tls.key
`;

const accounts = {
  '/etc/passwd': [
    'root:x:0:0:root:/:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin',
    'nonroot:x:65532:65532:nonroot:/:/usr/sbin/nologin',
  ],
  '/etc/group': ['root:x:0:', 'nogroup:x:65534:', 'nonroot:x:65532:'],
  // Without it glibc asks DNS about names that only /etc/hosts knows.
  '/etc/nsswitch.conf': ['passwd: files', 'group: files', 'hosts: files dns'],
};

/**
 * Builds the image's root file system into a folder: the bundle, Node, etcd, and nothing that these do not need. The same commit
 * on the same Debian gives the same tree, whoever builds it.
 * @param {string} root the working copy; `npm run build` has been done
 * @param {string} folder empty or not there
 * @returns {{ stamp: { version: string, revision: string, epoch: number }, hash: string, bytes: number, files: number, sbom: string }}
 * sbom: the CycloneDX document's text
 */
export function buildRootfs(root, folder) {
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`);
  checkParts(root);
  const stamp = buildStamp(root);
  const target = new RootFolder(folder);
  for (const name of ['bin', 'lib', 'lib64']) target.link(`usr/${name}`, `/${name}`);
  target.link('../run', '/var/run');
  for (const path of mountPoints) target.folder(path);
  for (const path of mountFiles) target.write(path, '');
  target.folder('/tmp', 0o1777);
  for (const [path, lines] of Object.entries(accounts)) target.write(path, `${lines.join('\n')}\n`);

  addApplication(root, target);
  const debian = addDebian(target);
  const npm = bundledPackages(root);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const bom = `${JSON.stringify(sbom({ stamp, npm, debian, direct: Object.keys(dependencies) }), null, 2)}\n`;
  target.write(`${documents}/sbom.cdx.json`, bom);
  target.write(`${documents}/THIRD-PARTY-NOTICES`, notices(npm));
  target.copy(join(root, 'LICENSE'), `${documents}/copyright`);
  target.setTimes(stamp.epoch);
  return { stamp, sbom: bom, ...treeHash(folder) };
}

function checkParts(root) {
  const parts = [...programs, authorities, osRelease, nodeLicence()];
  const missing = parts.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new Error(
      `the image needs ${missing.join(', ')}: sudo apt-get install etcd-server etcd-client dash ca-certificates`,
    );
  }
  const bundle = join(root, 'dist/bundle/clustermesh-apiserver.mjs');
  if (!existsSync(bundle)) throw new Error(`${bundle} is not there: run npm run build`);
}

function addApplication(root, target) {
  const bundle = join(root, 'dist/bundle');
  for (const path of readdirSync(bundle, { recursive: true })) {
    // Node reads source maps only when it is told to, and they are half of the bundle.
    const skipped = path.endsWith('.map') || statSync(join(bundle, path)).isDirectory();
    if (!skipped) target.copy(join(bundle, path), join(application, path));
  }
  const [program] = imageConfig.entrypoint;
  target.write(program, launcher(root, join(application, 'clustermesh-apiserver.mjs')), 0o755);
  target.write('/var/lib/cilium/etcd-config.yaml', etcdConfig);
}

/** @returns {import('./debian-files.mjs').DebianPackage[]} those whose files were copied */
function addDebian(target) {
  const node = process.execPath;
  target.copy(node, '/usr/bin/node', 0o755);
  target.copy(nodeLicence(), '/usr/share/doc/nodejs/copyright');
  for (const program of programs) target.copy(program, program, 0o755);
  target.link('dash', '/usr/bin/sh');
  const libraries = sharedLibraries([node, ...programs]);
  for (const library of libraries) target.copy(library, mergedPath(library), 0o755);
  target.copy(osRelease, osRelease);
  target.link('../usr/lib/os-release', '/etc/os-release');
  // Not this machine's own bundle: it may trust authorities that are nobody else's business.
  const trusted = readdirSync(authorities)
    .toSorted()
    .map((name) => join(authorities, name));
  target.write(
    '/etc/ssl/certs/ca-certificates.crt',
    trusted.map((path) => readFileSync(path, 'utf8')).join(''),
  );

  const packages = owningPackages([...programs, ...libraries, osRelease, ...trusted.slice(0, 1)]);
  for (const { name, control, copyright } of packages) {
    // As in distroless images: scanners look here for what is installed.
    target.write(`/var/lib/dpkg/status.d/${name}`, control);
    if (copyright !== undefined) target.write(`/usr/share/doc/${name}/copyright`, copyright);
  }
  return packages;
}

/** Debian's and NodeSource's packages have it in one place, the archives of nodejs.org beside `bin`. */
function nodeLicence() {
  const places = ['/usr/share/doc/nodejs/copyright', join(process.execPath, '../../LICENSE')];
  return places.find((path) => existsSync(path)) ?? places[1];
}

function notices(npm) {
  const texts = npm.map(({ name, version, licence, notice }) => {
    const title = `${name} ${version} (${licence})`;
    return `${title}\n${'-'.repeat(title.length)}\n${notice === '' ? 'ships no licence file' : notice}\n`;
  });
  return `The bundle holds parts of these packages.\n\n${texts.join('\n')}`;
}
