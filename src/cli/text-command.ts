import type { WorkingCommand } from '../modules/config/commands.js';
import { flagsOf } from '../modules/config/flags.js';
import type { LoadedOptions } from '../modules/config/load-kvstore-command.js';
import { readArgv, type ReadArgv } from '../modules/config/read-argv.js';
import type { Environment } from '../modules/config/resolve-flags.js';
import type { TextSink } from '../common/text-sink.js';
import type { CliIo } from './cli-io.js';
import { printHelp, printUsageErrors } from './usage.js';

/** A command for people: its result is a text on stdout, and it logs nothing. */
export interface TextCommand<O> {
  readonly name: WorkingCommand;
  load(argv: ReadArgv, env: Environment): LoadedOptions<O>;
  /** Resolves with the exit code; whatever its user can mend is part of the text. */
  run(options: O, out: TextSink): Promise<number>;
}

/** Reads the options and runs the command. Returns the exit code. */
export async function runTextCommand<O>(
  command: TextCommand<O>,
  tokens: readonly string[],
  help: string,
  io: CliIo,
): Promise<number> {
  const argv = readArgv(tokens, flagsOf(command.name));
  if (argv.help && argv.errors.length === 0) return printHelp(help, io);
  const { options, problems } = command.load(argv, io.env);
  if (options === undefined)
    return printUsageErrors(
      problems.map(({ message }) => message),
      help,
      io,
    );
  return command.run(options, io.stdout);
}
