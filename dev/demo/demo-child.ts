import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const keptLines = 20;

/** A program that the demo runs beside itself, with the end of its log. */
export class DemoChild {
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<string>;
  private readonly process: ChildProcess;
  private readonly lines: string[] = [];
  private running = true;

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
  ) {
    // In a group of its own: Ctrl-C is for the demo, which ends its children in order.
    this.process = spawn(command, [...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.collect(this.process.stdout);
    this.collect(this.process.stderr);
    this.ended = new Promise((resolve) => {
      this.process.once('error', (error) => {
        this.running = false;
        resolve(error.message);
      });
      this.process.once('close', (code, signal) => {
        this.running = false;
        resolve(signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
      });
    });
  }

  /** The last lines of what it printed. */
  tail(): string {
    return this.lines.join('\n');
  }

  /** SIGTERM; SIGKILL if it is still there after `patienceMs`. */
  async stop(patienceMs = 5_000): Promise<void> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => {
      this.signal('SIGKILL');
    }, patienceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** SIGKILL, at once: for when this process has no time left. */
  kill(): void {
    this.signal('SIGKILL');
  }

  private signal(name: NodeJS.Signals): void {
    if (this.running) this.process.kill(name);
  }

  private collect(stream: Readable | null): void {
    if (!stream) return;
    createInterface({ input: stream }).on('line', (line) => {
      this.lines.push(line);
      if (this.lines.length > keptLines) this.lines.shift();
    });
  }
}
