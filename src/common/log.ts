/** What the program writes its log lines to; fields become logfmt `key=value` pairs, `error` takes an Error or a text. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log under another `subsys`. */
  child(subsys: string): Log;
}

export type LogFields = Readonly<Record<string, unknown>>;

export const LOG = Symbol('Log');

/** For tests and tools that do not care. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
