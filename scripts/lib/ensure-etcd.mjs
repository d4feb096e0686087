import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './run-command.mjs';

/** Where packages put it, also when PATH is that of a service. */
const usual = ['/usr/bin', '/usr/local/bin'];

/** Debian's and Ubuntu's names of the packages, and the older one that carries both programs. */
const packageNames = { etcd: ['etcd-server', 'etcd'], etcdctl: ['etcd-client', 'etcd'] };

/** The package starts an etcd of its own as a service; nobody asked for one. */
const stopService = ['systemctl', 'disable', '--now', 'etcd'];

/**
 * The path of an etcd executable. Installs Debian's package where apt-get may be used without asking for a password.
 * Throws an error that says how to get one otherwise.
 * @param {{ directories?: readonly string[] }} [options] where it is looked for; default PATH and the usual places
 * @returns {string}
 */
export function ensureEtcd({ directories } = {}) {
  return ensureProgram('etcd', directories);
}

/** The same for etcd's client, which the image holds. @returns {string} */
export function ensureEtcdctl() {
  return ensureProgram('etcdctl');
}

function ensureProgram(name, directories) {
  const places = directories ?? [...(process.env.PATH ?? '').split(delimiter), ...usual];
  const present = findExecutable(name, places);
  if (present !== undefined) return present;
  install(name);
  const installed = findExecutable(name, places);
  if (installed === undefined) throw new Error(`${name} is installed, but in none of ${places.join(', ')}`);
  return installed;
}

/** @returns {string | undefined} */
export function findExecutable(name, directories) {
  const candidates = directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name));
  return candidates.find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function install(program) {
  const prefix = rootPrefix();
  if (prefix === undefined)
    throw new Error(advice(program, 'apt-get needs root, or sudo without a password'));
  if (!succeeds('apt-get', ['--version'])) throw new Error(advice(program, 'there is no apt-get'));
  console.log(`Installing ${program} with apt-get`);
  // Package lists may be missing, as in container images, or name versions that the mirror has no more.
  if (!installPackage(prefix, packageNames[program])) {
    asRoot(prefix, ['apt-get', 'update', '-q']);
    if (!installPackage(prefix, packageNames[program])) {
      throw new Error(advice(program, `apt-get could not install ${packageNames[program][0]}`));
    }
  }
  if (program === 'etcd' && existsSync('/run/systemd/system')) asRoot(prefix, stopService);
}

function installPackage(prefix, names) {
  const known = names.find((name) => succeeds('apt-cache', ['show', '--no-all-versions', name]));
  if (known === undefined) return false;
  try {
    asRoot(prefix, ['apt-get', 'install', '-y', '-q', '--no-install-recommends', known]);
    return true;
  } catch (error) {
    console.log(error.message);
    return false;
  }
}

/** What to put before a command that needs root; undefined if nobody may. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return succeeds('sudo', ['-n', 'true']) ? ['sudo', '-n'] : undefined;
}

/** Packages must not ask questions; sudo does not pass the environment on, `env` does. */
function asRoot(prefix, command) {
  const [program, ...args] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command];
  runCommand(program, args);
}

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function advice(program, why) {
  return [
    `${program} is not installed, and it cannot be installed from here: ${why}.`,
    'Install it and try again:',
    `  Debian, Ubuntu:  sudo apt-get install ${packageNames[program][0]}`,
    '  Fedora:          sudo dnf install etcd',
    '  macOS:           brew install etcd',
    '  or a release from https://github.com/etcd-io/etcd/releases, with `etcd` and `etcdctl` on PATH (3.4 or newer).',
  ].join('\n');
}
