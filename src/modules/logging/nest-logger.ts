import type { LoggerService } from '@nestjs/common';
import type { Log } from '../../common/log.js';

/** Who speaks when the application cannot be built. The error is thrown on, and main says it in the one line that counts. */
const startContext = 'ExceptionHandler';

/**
 * Nest's own lines through our log. What Nest says at its ordinary level is about wiring, so it is debug here;
 * its last argument names the part of Nest that speaks.
 */
export class NestLogger implements LoggerService {
  constructor(private readonly target: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.target.debug(text(message), fields(rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.target.debug(text(message), fields(rest));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.target.debug(text(message), fields(rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.target.warn(text(message), fields(rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    const known = { ...fields(rest), ...cause(message, rest) };
    if (rest.at(-1) === startContext) this.target.debug(text(message), known);
    else this.target.error(text(message), known);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }
}

function text(message: unknown): string {
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : (JSON.stringify(message) ?? String(message));
}

/** Nest passes (message, context), (message, stack, context) or (message, error, context). */
function fields(rest: readonly unknown[]): Record<string, unknown> {
  const context = rest.at(-1);
  return typeof context === 'string' && !looksLikeStack(context) ? { context } : {};
}

function cause(message: unknown, rest: readonly unknown[]): Record<string, unknown> {
  const error = [message, ...rest].find((part) => part instanceof Error);
  if (error !== undefined) return { error };
  const stack = rest.find((part) => typeof part === 'string' && looksLikeStack(part));
  return stack === undefined ? {} : { stack };
}

function looksLikeStack(part: string): boolean {
  return /\n\s+at /.test(part);
}
