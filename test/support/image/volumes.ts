import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, lstatSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretVolume } from '../secret-volume.js';

/** Group of the pod's `securityContext.fsGroup`. */
const fsGroup = 65_532;

/** A volume of a secret with `defaultMode: 0400` as the kubelet makes it for a pod with an fsGroup: root's, readable by the group. */
export async function secretVolume(files: Readonly<Record<string, string>>): Promise<SecretVolume> {
  const volume = await SecretVolume.create(files);
  chownSync(volume.dir, 0, fsGroup);
  chmodSync(volume.dir, 0o2750);
  for (const path of readdirSync(volume.dir, { recursive: true, encoding: 'utf8' })) {
    const whole = join(volume.dir, path);
    const stats = lstatSync(whole);
    lchownSync(whole, 0, fsGroup);
    if (!stats.isSymbolicLink()) chmodSync(whole, stats.isDirectory() ? 0o2750 : 0o440);
  }
  return volume;
}

/** An emptyDir: root's, writable by the group. */
export function emptyDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'empty-dir-'));
  chownSync(path, 0, fsGroup);
  chmodSync(path, 0o2770);
  return path;
}

/** @throws Error that says what is missing: without these rights the image cannot be tested, and nobody should read that as "passed". */
export function checkRights(): void {
  const tried = [
    '--mount',
    '--pid',
    '--ipc',
    '--net',
    '--fork',
    'sh',
    '-c',
    'mount -t tmpfs none /mnt && chroot / true',
  ];
  try {
    execFileSync('unshare', tried, { stdio: 'pipe' });
  } catch (error) {
    const reason = String((error as { stderr?: Buffer }).stderr ?? error).trim();
    throw new Error(`the image's tests need root that may make namespaces, mounts and chroot: ${reason}`, {
      cause: error,
    });
  }
}
