// Before anything that is decorated; the bundle's chunks are evaluated in no order of ours.
import 'reflect-metadata';
import { reportFatal } from './cli/report-fatal.js';
import { runCli } from './cli/run-cli.js';
import { dieOfEarlySignals } from './cli/shutdown.js';
import type { ProcessLog } from './modules/logging/process-log.js';

let log: ProcessLog | undefined;

/** A bug, or a failure to start that nobody waited for: what is left to do is to tell and to go. */
function crash(error: unknown): never {
  if (log === undefined) console.error(error);
  process.exit(log === undefined ? 1 : reportFatal(error, log));
}

/** Whoever reads our output may go away first (`--help | head -1`). */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') crash(error);
}

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
process.stdout.on('error', ignoreBrokenPipe);
process.stderr.on('error', ignoreBrokenPipe);
if (process.pid === 1) dieOfEarlySignals((code) => process.exit(code));

process.exit(
  await runCli({
    argv: process.argv.slice(2),
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    onLog: (created) => (log = created),
  }),
);
