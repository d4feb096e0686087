import { pino, type DestinationStream, type Logger } from 'pino';
import type { Log, LogFields } from '../../common/log.js';
import { errorText } from './error-text.js';
import { logfmtLine } from './logfmt.js';

export interface LogSettings {
  readonly format: 'logfmt' | 'json';
  readonly debug: boolean;
}

/** The root of all logs. `fatal` is for main alone: the process ends after it. */
export interface ProcessLog extends Log {
  fatal(message: string, fields?: LogFields): void;
}

/** Where lines go; each call is one complete line with its newline. */
export type LineSink = DestinationStream;

/** stderr, written before the call returns: no line is lost when the process exits right after it. */
export function stderrSink(): LineSink {
  return pino.destination({ dest: 2, sync: true });
}

/** Lines look as logrus writes them; JSON has the same names. Times are UTC to the second. */
export function createLog(settings: LogSettings, sink: LineSink, now: () => number = Date.now): ProcessLog {
  const logger = pino(
    {
      base: null,
      level: settings.debug ? 'debug' : 'info',
      timestamp: () => `,"time":"${new Date(now()).toISOString().slice(0, 19)}Z"`,
      formatters: { level: (label) => ({ level: label === 'warn' ? 'warning' : label }) },
    },
    settings.format === 'json' ? sink : logfmtSink(sink),
  );
  return new PinoLog(logger, settings.debug);
}

function logfmtSink(sink: LineSink): LineSink {
  return { write: (line) => sink.write(logfmtLine(JSON.parse(line) as Record<string, unknown>)) };
}

class PinoLog implements ProcessLog {
  constructor(
    private readonly logger: Logger,
    private readonly stacks: boolean,
    private readonly subsys?: string,
  ) {}

  debug(message: string, fields?: LogFields): void {
    if (this.stacks) this.logger.debug(this.render(fields), message);
  }

  info(message: string, fields?: LogFields): void {
    this.logger.info(this.render(fields), message);
  }

  warn(message: string, fields?: LogFields): void {
    this.logger.warn(this.render(fields), message);
  }

  error(message: string, fields?: LogFields): void {
    this.logger.error(this.render(fields), message);
  }

  fatal(message: string, fields?: LogFields): void {
    this.logger.fatal(this.render(fields), message);
  }

  child(subsys: string): Log {
    return new PinoLog(this.logger, this.stacks, subsys);
  }

  /** Fields as JSON can hold them; names that a line has already get another one, as logrus does. */
  private render(fields: LogFields = {}): Record<string, unknown> {
    const rendered: Record<string, unknown> = this.subsys === undefined ? {} : { subsys: this.subsys };
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined) continue;
      rendered[reserved.has(name) ? `fields.${name}` : name] = plainValue(name, value);
      if (this.stacks && value instanceof Error) rendered['stack'] = value.stack;
    }
    return rendered;
  }
}

const reserved: ReadonlySet<string> = new Set(['time', 'level', 'msg']);

function plainValue(name: string, value: unknown): unknown {
  if (name === 'error' || value instanceof Error) return errorText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (value instanceof Set) return [...value];
  return value instanceof Map ? Object.fromEntries(value) : value;
}
