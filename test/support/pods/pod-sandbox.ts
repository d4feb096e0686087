import { readlink } from 'node:fs/promises';
import { Child, type ChildOptions } from '../child.js';
import { eventually } from '../eventually.js';
import type { LabNetwork } from './lab-network.js';

export interface Mount {
  /** A file or a folder of this machine. */
  readonly from: string;
  /** Where the container sees it. */
  readonly at: string;
  readonly folder: boolean;
}

/** Folders that a container has empty but for its own mounts. `/var/run` is the latter. */
const emptied = ['/var/lib', '/run'];

/** The network namespace that the containers of a pod share; each of them has its own mounts. */
export class PodSandbox {
  private constructor(
    private readonly lab: LabNetwork,
    private readonly pause: Child,
    readonly ip: string,
  ) {}

  static async create(lab: LabNetwork, ip: string): Promise<PodSandbox> {
    const pause = new Child(lab.command({ command: 'unshare', args: ['--net', '--', 'sleep', 'infinity'] }));
    const network = (pid: number): Promise<string> => readlink(`/proc/${String(pid)}/ns/net`);
    const [here, labs] = await Promise.all([network(process.pid), network(lab.pid)]);
    await eventually(async () => ![here, labs].includes(await network(pause.pid)), {
      what: "a pod's network",
    });
    await lab.connect(pause.pid, ip);
    return new PodSandbox(lab, pause, ip);
  }

  /** Of a process whose `/proc/PID/net` is the pod's. */
  get pid(): number {
    return this.pause.pid;
  }

  /** A program in the pod's network, with these mounts and exactly this environment. */
  command(
    program: readonly string[],
    env: Readonly<Record<string, string>>,
    mounts: readonly Mount[],
  ): ChildOptions {
    const lines = [
      ...emptied.map((folder) => `mount -t tmpfs -o mode=0755 tmpfs ${folder}`),
      ...mounts.map(({ from, at, folder }) => {
        const make = folder
          ? `mkdir -p '${at}'`
          : `mkdir -p "$(dirname '${at}')"; [ -e '${at}' ] || : >'${at}'`;
        return `${make}; mount --bind '${from}' '${at}'`;
      }),
      'exec env -i "$@"',
    ];
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    return {
      command: 'nsenter',
      args: [
        ...this.lab.enter(this.pid),
        'unshare',
        '--mount',
        '--',
        'sh',
        '-ec',
        lines.join('\n'),
        'sh',
        ...words,
        ...program,
      ],
    };
  }

  async remove(): Promise<void> {
    await this.pause.kill();
  }
}
