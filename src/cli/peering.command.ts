import { StartError } from '../common/start-error.js';
import type { WorkingCommand } from '../modules/config/commands.js';
import { flagsOf } from '../modules/config/flags.js';
import type { LoadedOptions } from '../modules/config/load-kvstore-command.js';
import { readArgv, type ReadArgv } from '../modules/config/read-argv.js';
import type { Environment } from '../modules/config/resolve-flags.js';
import { EditsFailed } from '../modules/peering/transaction.js';
import type { CliIo } from './cli-io.js';
import { printHelp } from './usage.js';

/** A command that works on clusters by their kubeconfig contexts. */
export interface PeeringCommand<O> {
  readonly name: WorkingCommand;
  load(argv: ReadArgv, env: Environment): LoadedOptions<O>;
  /** Resolves with the exit code; any Error is told in its own words. */
  run(options: O, io: CliIo): Promise<number>;
}

/** Reads the options and runs the command; what is wrong is one line on stderr (spec/operations.md §12). */
export async function runPeeringCommand<O>(
  command: PeeringCommand<O>,
  tokens: readonly string[],
  help: string,
  io: CliIo,
): Promise<number> {
  const argv = readArgv(tokens, flagsOf(command.name));
  if (argv.help && argv.errors.length === 0) return printHelp(help, io);
  const { options, problems } = command.load(argv, io.env);
  if (options === undefined) {
    io.stderr.write(problems.map(({ message }) => `Error: ${message}\n`).join(''));
    return 1;
  }
  try {
    return await command.run(options, io);
  } catch (error) {
    if (isBug(error)) throw error;
    io.stderr.write(`\nError: ${(error as Error).message}\n`);
    return 1;
  }
}

function isBug(error: unknown): boolean {
  if (error instanceof StartError || error instanceof EditsFailed) return false;
  return !(error instanceof Error) || error instanceof TypeError || error instanceof RangeError;
}
