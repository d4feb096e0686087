import { readFileSync } from 'node:fs';
import { Child, type ChildExit } from '../child.js';
import { eventually } from '../eventually.js';

const running = new Set<number>();

/** `Child` ends the `unshare` in front; that the program behind it has another user makes the kernel forget to end it as well. */
function endAll(): void {
  for (const pid of running) signal(pid, 'SIGKILL');
}
process.once('exit', endAll);
process.once('disconnect', endAll);

/** A program in the image, with a process namespace of its own in which it is process 1. */
export class Container {
  private known: number | undefined;

  private constructor(
    private readonly child: Child,
    /** `performance.now()` just before the process was made. */
    readonly startedAt: number,
  ) {}

  /** @param command ends with `unshare --fork …` and what that runs. */
  static start(command: readonly string[], env: Readonly<Record<string, string>>): Container {
    const [program, ...args] = command as [string, ...string[]];
    const startedAt = performance.now();
    return new Container(new Child({ command: program, args, env }), startedAt);
  }

  get exit(): Promise<ChildExit> {
    return this.child.exit.finally(() => this.known !== undefined && running.delete(this.known));
  }

  get stdout(): string {
    return this.child.stdoutLines.join('\n');
  }

  get stderr(): string {
    return this.child.stderrLines.join('\n');
  }

  /** Seen from here, not from inside, where it is 1. */
  async pid(): Promise<number> {
    this.known ??= await eventually(() => this.onlyChild(), { what: 'a process in the container' });
    running.add(this.known);
    return this.known;
  }

  /** What /proc says about it: `status`, `cmdline`, `mountinfo`. */
  async proc(file: string): Promise<string> {
    return readFileSync(`/proc/${await this.pid()}/${file}`, 'utf8');
  }

  /** The kubelet's SIGTERM. */
  async stop(): Promise<ChildExit> {
    signal(await this.pid(), 'SIGTERM');
    return this.exit;
  }

  async kill(): Promise<void> {
    if (this.child.exited) return;
    signal(await this.pid(), 'SIGKILL');
    await this.exit;
  }

  private onlyChild(): number | undefined {
    if (this.child.exited) throw new Error(`the container has ended:\n${this.child.tail()}`);
    const children = readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8');
    return Number(children.trim()) || undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
