import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DemoChild } from './demo-child.js';

/** One of the demo's programs ended without being asked to. */
export class ChildFailure extends Error {
  override name = 'ChildFailure';
}

/** The programs that a demo runs beside itself, and its folder; all of it goes with stop(), or with this process. */
export class DemoProcesses {
  private readonly children: DemoChild[] = [];
  private readonly lastSteps: (() => Promise<void>)[] = [];
  private directory: string | undefined;
  private stopping = false;
  private reportFailure: (error: ChildFailure) => void = () => undefined;
  /** Rejects when a child ends before stop(); never resolves. */
  readonly failure = new Promise<never>((_resolve, reject) => (this.reportFailure = reject));

  constructor() {
    // Somebody always awaits it in the end, but not from the start.
    this.failure.catch(() => undefined);
    process.once('exit', () => {
      this.abandon();
    });
  }

  /** A folder for data, in memory where the machine has /dev/shm; always the same one. */
  async folder(): Promise<string> {
    const memory = '/dev/shm';
    this.directory ??= await mkdtemp(join(existsSync(memory) ? memory : tmpdir(), 'clustermesh-demo-'));
    return this.directory;
  }

  spawn(name: string, command: string, args: readonly string[]): void {
    if (this.stopping) throw new Error('stopped before it was started');
    const child = new DemoChild(name, command, args);
    this.children.push(child);
    void child.ended.then((how) => {
      if (this.stopping) return;
      this.reportFailure(
        new ChildFailure(`${name} ended by itself (${how}). Its last lines:\n${child.tail()}`),
      );
    });
  }

  /** What stop() does when no child runs any more. */
  onStop(step: () => Promise<void>): void {
    this.lastSteps.push(step);
  }

  /** Ends everything and removes what is on disk. */
  async stop(): Promise<void> {
    this.stopping = true;
    // The last one started depends on those before it.
    for (const child of [...this.children].reverse()) await child.stop();
    for (const step of this.lastSteps) await step();
    if (this.directory !== undefined) await rm(this.directory, { recursive: true, force: true });
    this.directory = undefined;
  }

  /**
   * Resolves when `look` says true.
   * @throws ChildFailure, or Error with `problem` after `timeoutMs`
   */
  async until(look: () => Promise<boolean>, timeoutMs: number, problem: string): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      // Whatever goes wrong is an answer too: nothing listens yet.
      const seen = await Promise.race([look().catch(() => false), this.failure]);
      if (seen) return;
      if (this.stopping) throw new Error('stopped before it was ready');
      if (performance.now() > deadline)
        throw new Error(`${problem} after ${String(timeoutMs / 1000)} s${this.tails()}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** The failure of a child, if it has ended or ends within a second: what else went wrong then only follows from it. */
  async causeOf(error: Error): Promise<Error> {
    const failure = this.failure.catch((cause: unknown) => cause as Error);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<Error>((resolve) => {
      timer = setTimeout(() => {
        resolve(error);
      }, 1000);
    });
    const cause = await Promise.race([failure, patience]);
    clearTimeout(timer);
    return cause;
  }

  private tails(): string {
    return this.children.map((child) => `\nLast lines of ${child.name}:\n${child.tail()}`).join('');
  }

  /** This process is about to be gone: nothing can be awaited any more. */
  private abandon(): void {
    for (const child of this.children) child.kill();
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}
