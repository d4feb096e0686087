import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { versionLine } from '../version.js';

/** Fixed, as in the original: PATH is not consulted. */
const etcdBinary = '/usr/bin/etcd';

/** The two lines of `version` (spec/operations.md §1); never fails. */
export async function versionText(etcd = etcdBinary): Promise<string> {
  return `Cilium ClusterMesh: ${versionLine()}\netcd: ${await etcdVersion(etcd)}\n`;
}

async function etcdVersion(etcd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(etcd, ['--version'], { timeout: 10_000 });
    return parseEtcdVersion(stdout) ?? 'unable to parse version';
  } catch (error) {
    return `unable to retrieve version: ${reason(etcd, error)}`;
  }
}

/** `3.5.16 <sha> go version go1.24.0 linux/amd64` from what `etcd --version` prints, undefined if that looks different. */
export function parseEtcdVersion(text: string): string | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}: (.+)$`, 'm').exec(text)?.[1]?.trim();
  const parts = [field('etcd Version'), field('Git SHA'), field('Go Version'), field('Go OS/Arch')];
  if (parts.includes(undefined)) return undefined;
  const [version, sha, go, platform] = parts;
  return `${version} ${sha} go version ${go} ${platform}`;
}

function reason(etcd: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? `exec ${etcd}: no such file or directory` : (message.split('\n')[0] ?? '');
}
