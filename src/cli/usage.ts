import type { CliIo } from './cli-io.js';

export function printHelp(help: string, io: CliIo): number {
  io.stdout.write(help);
  return 0;
}

/** The original's form: each text as `Error: ...` with the usage on stderr, and alone on stdout; exit code 1. */
export function printUsageErrors(texts: readonly string[], help: string, io: CliIo): number {
  io.stderr.write(`${texts.map((text) => `Error: ${text}\n`).join('')}${help}\n`);
  io.stdout.write(texts.map((text) => `${text}\n`).join(''));
  return 1;
}
