import type { WorkingCommand } from '../modules/config/commands.js';
import { flagsOf } from '../modules/config/flags.js';
import type { LoadedOptions } from '../modules/config/load-kvstore-command.js';
import { readArgv, type ReadArgv } from '../modules/config/read-argv.js';
import type { Environment } from '../modules/config/resolve-flags.js';
import type { TextSink } from '../common/text-sink.js';
import { AdminClientError } from '../modules/admin-client/admin-client.js';
import type { CliIo } from './cli-io.js';
import { printHelp } from './usage.js';

/** A command that asks a running server and shows the answer. */
export interface AdminCommand<O> {
  readonly name: WorkingCommand;
  load(argv: ReadArgv, env: Environment): LoadedOptions<O>;
  /** Resolves with 0 or 1, as the answer is; rejects with AdminClientError when there is none. */
  run(options: O, out: TextSink): Promise<number>;
}

/** As of `diff`: 1 is an answer that scripts act on, so what keeps from an answer must not look like it. */
const noAnswer = 2;

/** Reads the options and runs the command. Returns the exit code. */
export async function runAdminCommand<O>(
  command: AdminCommand<O>,
  tokens: readonly string[],
  help: string,
  io: CliIo,
): Promise<number> {
  const argv = readArgv(tokens, flagsOf(command.name));
  if (argv.help && argv.errors.length === 0) return printHelp(help, io);
  const { options, problems } = command.load(argv, io.env);
  if (options === undefined) {
    io.stderr.write(problems.map(({ message }) => `Error: ${message}\n`).join(''));
    return noAnswer;
  }
  try {
    return await command.run(options, io.stdout);
  } catch (error) {
    if (!(error instanceof AdminClientError)) throw error;
    io.stderr.write(`Error: ${error.message}\n`);
    return noAnswer;
  }
}
