// Runs commands for the scripts that must work before any package is installed: plain Node, nothing else.
import { spawnSync } from 'node:child_process';

/**
 * Runs a command with its output shown. Throws an error that names it if it fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export function runCommand(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  const line = [command, ...args].join(' ');
  if (error) throw new Error(`${line}: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`${line} ended with ${status ?? signal}`);
}
