import type { LogFields } from './log.js';

export interface StartErrorOptions extends ErrorOptions {
  /** Default 1. */
  readonly exitCode?: number;
  /** false: the message stands alone, as the original's do that are not prefixed (spec/k8s-sync.md §3). Default true. */
  readonly prefixed?: boolean;
  readonly fields?: LogFields;
}

/**
 * The program cannot go on, for a reason that its operator can do something about. Whoever meets it throws; only main
 * catches, prints one line at level fatal (`failed to start: <message>`, the cause as `error`) and exits with exitCode.
 * Anything else that reaches main is a bug and shows its stack.
 */
export class StartError extends Error {
  readonly exitCode: number;
  readonly prefixed: boolean;
  readonly fields: LogFields;

  constructor(message: string, options: StartErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StartError';
    this.exitCode = options.exitCode ?? 1;
    this.prefixed = options.prefixed ?? true;
    this.fields = options.fields ?? {};
  }
}
