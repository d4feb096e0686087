import type { TextSink } from '../common/text-sink.js';
import type { ProcessLog, LineSink } from '../modules/logging/process-log.js';
import type { Environment } from '../modules/config/resolve-flags.js';

/** What the command line touches of the process, so that tests can own it. */
export interface CliIo {
  /** After the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly stdout: TextSink & { readonly isTTY?: boolean };
  readonly stderr: TextSink;
  /** Where log lines go instead of stderr. */
  readonly logSink?: LineSink;
  /** Called once, as soon as it is known how to log. */
  readonly onLog?: (log: ProcessLog) => void;
}
