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
  private constructor(
    private readonly child: Child,
    /** `performance.now()` just before the process was made. */
    readonly startedAt: number,
    /** Seen from here, not from inside, where it is 1; undefined if it had ended before anybody could see it. */
    private readonly pid: number | undefined,
  ) {}

  /** @param command ends with `unshare --fork …` and what that runs. */
  static async start(command: readonly string[]): Promise<Container> {
    const [program, ...args] = command as [string, ...string[]];
    const startedAt = performance.now();
    const child = new Child({ command: program, args });
    const pid = await eventually(() => (child.exited ? 'ended' : onlyChild(child.pid)), { everyMs: 2 });
    if (pid === 'ended') return new Container(child, startedAt, undefined);
    running.add(pid);
    void child.exit.then(() => running.delete(pid));
    return new Container(child, startedAt, pid);
  }

  get exit(): Promise<ChildExit> {
    return this.child.exit;
  }

  get stdout(): string {
    return this.child.stdoutLines.join('\n');
  }

  get stderr(): string {
    return this.child.stderrLines.join('\n');
  }

  /** What /proc says about it: `status`, `cmdline`, `mountinfo`. */
  proc(file: string): string {
    return readFileSync(`/proc/${this.pid}/${file}`, 'utf8');
  }

  /** The kubelet's SIGTERM. */
  stop(): Promise<ChildExit> {
    return this.send('SIGTERM');
  }

  kill(): Promise<ChildExit> {
    return this.send('SIGKILL');
  }

  private send(name: NodeJS.Signals): Promise<ChildExit> {
    if (this.pid !== undefined && !this.child.exited) signal(this.pid, name);
    return this.exit;
  }
}

function onlyChild(pid: number): number | undefined {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()) || undefined;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
