import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './run-command.mjs';

/** Where packages put programs, also when PATH is that of a service. */
const usual = ['/usr/bin', '/usr/local/bin'];

/**
 * The path of an executable. Installs Debian's or Ubuntu's package where apt-get may be used without asking for a password.
 * Throws an error that says how to get it otherwise.
 * @param {object} wanted
 * @param {string} wanted.name of the executable
 * @param {readonly string[]} wanted.packages the first that the machine knows is installed
 * @param {readonly string[]} wanted.advice how people get it, for the error
 * @param {readonly string[]} [wanted.directories] where it is looked for; default PATH and the usual places
 * @param {() => void} [wanted.afterInstall]
 * @returns {string}
 */
export function ensureExecutable({ name, packages, advice, directories, afterInstall }) {
  const places = directories ?? [...(process.env.PATH ?? '').split(delimiter), ...usual];
  const present = findExecutable(name, places);
  if (present !== undefined) return present;
  install(name, packages, advice);
  afterInstall?.();
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

function install(name, packages, advice) {
  const refuse = (why) =>
    new Error(
      [`${name} is not installed, and it cannot be installed from here: ${why}.`, ...advice].join('\n'),
    );
  if (!mayBeRoot()) throw refuse('apt-get needs root, or sudo without a password');
  if (!succeeds('apt-get', ['--version'])) throw refuse('there is no apt-get');
  console.log(`Installing ${name} with apt-get`);
  // Package lists may be missing, as in container images, or name versions that the mirror has no more.
  if (installPackage(packages)) return;
  asRoot(['apt-get', 'update', '-q']);
  if (!installPackage(packages)) throw refuse(`apt-get could not install ${packages[0]}`);
}

function installPackage(packages) {
  const known = packages.find((name) => succeeds('apt-cache', ['show', '--no-all-versions', name]));
  if (known === undefined) return false;
  try {
    asRoot(['apt-get', 'install', '-y', '-q', '--no-install-recommends', known]);
    return true;
  } catch (error) {
    console.log(error.message);
    return false;
  }
}

function isRoot() {
  return process.getuid?.() === 0;
}

function mayBeRoot() {
  return isRoot() || succeeds('sudo', ['-n', 'true']);
}

/** Packages must not ask questions; sudo does not pass the environment on, `env` does. */
export function asRoot(command) {
  const [program, ...args] = [
    ...(isRoot() ? [] : ['sudo', '-n']),
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    ...command,
  ];
  runCommand(program, args);
}

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
