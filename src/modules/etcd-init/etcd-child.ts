import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Log } from '../../common/log.js';

export interface ChildEnd {
  /** null: ended by the signal, or never started. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly error?: Error;
}

const keptLines = 30;

/** An etcd that we started: alive or not, and what it said. */
export class EtcdChild {
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<ChildEnd>;
  /** Aborts when it ends. */
  readonly gone: AbortSignal;
  private readonly lines: string[] = [];
  private readonly process: ChildProcess;
  private end: ChildEnd | undefined;

  constructor(binary: string, args: readonly string[], log: Log) {
    const gone = new AbortController();
    this.gone = gone.signal;
    this.process = spawn(binary, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.process;
    for (const stream of [stdout, stderr]) if (stream) this.collect(stream, log);
    this.ended = new Promise((resolve) => {
      const settle = (end: ChildEnd): void => {
        this.end ??= end;
        gone.abort();
        resolve(this.end);
      };
      this.process.once('error', (error) => settle({ code: null, signal: null, error }));
      this.process.once('close', (code, signal) => settle({ code, signal }));
    });
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** Its last lines, oldest first. */
  get output(): readonly string[] {
    return this.lines;
  }

  /** undefined while it runs. */
  get endedAs(): ChildEnd | undefined {
    return this.end;
  }

  /** SIGTERM, and SIGKILL when that has not ended it in time. */
  async stop(graceMs: number): Promise<ChildEnd> {
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), graceMs);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  private collect(stream: Readable, log: Log): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.lines.push(line);
      if (this.lines.length > keptLines) this.lines.shift();
      log.debug(line);
    });
  }
}

/** `exited with code 1`, `was ended by SIGKILL`. */
export function endText({ code, signal, error }: ChildEnd): string {
  if (error) return `could not be started: ${error.message}`;
  return code === null ? `was ended by ${signal}` : `exited with code ${code}`;
}
