import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const running = new Set<ChildProcess>();

/** A test runner that is torn down in the middle of a test must not leave servers behind. */
function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
process.once('exit', endAll);
// A worker of the runner: its parent is gone.
process.once('disconnect', endAll);
for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endAll();
    // Without this handler the signal would have ended the process: let it.
    process.kill(process.pid, signal);
  });
}

/** A program under test or a server that a test needs, with what it said and how it ended. */
export class Child {
  /** Resolves when the process has ended and its output is complete; never rejects. */
  readonly exit: Promise<ChildExit>;
  readonly stdoutLines: string[] = [];
  readonly stderrLines: string[] = [];
  private readonly process: ChildProcess;
  private ended: ChildExit | undefined;

  constructor({ command, args, env, cwd }: ChildOptions) {
    this.process = spawn(command, [...args], {
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.process);
    collect(this.process.stdout, this.stdoutLines);
    collect(this.process.stderr, this.stderrLines);
    this.exit = new Promise((resolve) => {
      const end = (exit: ChildExit): void => {
        running.delete(this.process);
        this.ended = exit;
        resolve(exit);
      };
      this.process.once('error', (error) => {
        this.stderrLines.push(`${command}: ${error.message}`);
        end({ code: null, signal: null });
      });
      this.process.once('close', (code, signal) => {
        end({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** undefined while it runs. */
  get exited(): ChildExit | undefined {
    return this.ended;
  }

  /** The last lines of its log, for a failure's text. */
  tail(lines = 15): string {
    return this.stderrLines.slice(-lines).join('\n');
  }

  /** SIGTERM, then SIGKILL when it is still there after `timeoutMs`. */
  async stop(timeoutMs = 15_000): Promise<ChildExit> {
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), timeoutMs);
    const exit = await this.exit;
    clearTimeout(timer);
    return exit;
  }

  /** SIGKILL, at once. */
  async kill(): Promise<ChildExit> {
    this.process.kill('SIGKILL');
    return this.exit;
  }
}

function collect(stream: NodeJS.ReadableStream | null, lines: string[]): void {
  if (!stream) return;
  createInterface({ input: stream }).on('line', (line) => lines.push(line));
}
