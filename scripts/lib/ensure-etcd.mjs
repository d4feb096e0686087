import { existsSync } from 'node:fs';
import { asRoot, ensureExecutable } from './apt-install.mjs';

/**
 * The path of an etcd executable. Installs Debian's package where apt-get may be used without asking for a password.
 * Throws an error that says how to get one otherwise.
 * @param {{ directories?: readonly string[] }} [options] where it is looked for; default PATH and the usual places
 * @returns {string}
 */
export function ensureEtcd({ directories } = {}) {
  return ensureExecutable({
    name: 'etcd',
    // Debian's and Ubuntu's name of the server, and the older one that carries the client too.
    packages: ['etcd-server', 'etcd'],
    advice: advice('etcd-server'),
    ...(directories ? { directories } : {}),
    afterInstall: stopService,
  });
}

/** The same for etcd's client, which the image holds. @returns {string} */
export function ensureEtcdctl() {
  return ensureExecutable({
    name: 'etcdctl',
    packages: ['etcd-client', 'etcd'],
    advice: advice('etcd-client'),
  });
}

function advice(debianPackage) {
  return [
    'Install it and try again:',
    `  Debian, Ubuntu:  sudo apt-get install ${debianPackage}`,
    '  Fedora:          sudo dnf install etcd',
    '  macOS:           brew install etcd',
    '  or a release from https://github.com/etcd-io/etcd/releases, with `etcd` and `etcdctl` on PATH (3.4 or newer).',
  ];
}

/** The package starts an etcd of its own as a service; nobody asked for one. */
function stopService() {
  if (existsSync('/run/systemd/system')) asRoot(['systemctl', 'disable', '--now', 'etcd']);
}
