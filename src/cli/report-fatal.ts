import { StartError } from '../common/start-error.js';
import type { ProcessLog } from '../modules/logging/process-log.js';

/** The last line of a process that cannot go on; returns its exit code. */
export function reportFatal(error: unknown, log: ProcessLog): number {
  if (error instanceof StartError) {
    const message = error.prefixed ? `failed to start: ${error.message}` : error.message;
    log.fatal(message, { ...error.fields, error: error.cause });
    return error.exitCode;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  log.fatal('Unexpected error, please report it', { error: error ?? String(error), stack });
  return 1;
}
