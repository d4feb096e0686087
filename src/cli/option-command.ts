import type { Log } from '../common/log.js';
import { StartError } from '../common/start-error.js';
import type { WorkingCommand } from '../modules/config/commands.js';
import { flagsOf } from '../modules/config/flags.js';
import type { LoadedOptions } from '../modules/config/load-kvstore-command.js';
import type { OptionProblem } from '../modules/config/option-problem.js';
import { readArgv, type ReadArgv } from '../modules/config/read-argv.js';
import type { Environment } from '../modules/config/resolve-flags.js';
import { createLog, type ProcessLog, stderrSink } from '../modules/logging/process-log.js';
import { versionLine } from '../version.js';
import type { CliIo } from './cli-io.js';
import { reportFatal } from './report-fatal.js';
import { printHelp, printUsageErrors } from './usage.js';

/** A command whose options come from the table of flags. */
export interface OptionCommand<O> {
  readonly name: WorkingCommand;
  load(argv: ReadArgv, env: Environment): LoadedOptions<O>;
  /** Resolves with the exit code; throws StartError for what its operator can mend. */
  run(options: O, log: Log): Promise<number>;
}

/** Reads the options, logs them and runs the command. Returns the exit code; never throws. */
export async function runOptionCommand<O>(
  command: OptionCommand<O>,
  tokens: readonly string[],
  help: string,
  io: CliIo,
): Promise<number> {
  const argv = readArgv(tokens, flagsOf(command.name));
  if (argv.help && argv.errors.length === 0) return printHelp(help, io);
  const loaded = command.load(argv, io.env);
  if (loaded.problems.some((problem) => problem.usage)) {
    return printUsageErrors(loaded.problems.flatMap(problemTexts), help, io);
  }
  const log = createLog(loaded.logging, io.logSink ?? stderrSink());
  io.onLog?.(log);
  for (const line of loaded.effective) log.info(line);
  log.info(`Cilium ClusterMesh ${versionLine()}`);
  try {
    if (loaded.options === undefined) throw refusal(loaded.problems, log);
    return await command.run(loaded.options, log);
  } catch (error) {
    return reportFatal(error, log);
  }
}

/** One problem is told by the fatal line alone; several are told one a line before it. */
function refusal(problems: readonly OptionProblem[], log: ProcessLog): StartError {
  const [first, ...others] = problems;
  if (first === undefined) throw new Error('options are missing although nothing is wrong with them');
  for (const { message, fields } of problems.flatMap((problem) => problem.details ?? []))
    log.error(message, fields);
  if (others.length === 0) return new StartError(first.message, { fields: fieldsOf(first) });
  for (const problem of problems) log.error(problem.message, fieldsOf(problem));
  return new StartError(problems.map((problem) => problem.message).join('; '));
}

function fieldsOf({ option, value, expected }: OptionProblem): Record<string, unknown> {
  return { option, value, expected };
}

/** The same for a terminal. What pflag words itself names option and value already. */
function problemTexts({ message, usage, option, expected, details = [] }: OptionProblem): string[] {
  if (usage || option === undefined) return [message, ...details.map((detail) => detail.message)];
  return [`${message} (${option}, expected ${expected ?? 'another value'})`];
}
