import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.js';
import { eventually } from './eventually.js';
import { freePorts } from './free-ports.js';

/** A real etcd of one member on 127.0.0.1, in memory where the machine has /dev/shm. */
export class EtcdProcess {
  private constructor(
    readonly endpoint: string,
    private readonly directory: string,
    private readonly command: { command: string; args: string[] },
    private child: Child,
  ) {}

  static async start(extraArgs: readonly string[] = []): Promise<EtcdProcess> {
    const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'etcd-'));
    const [client, peer] = (await freePorts(2)) as [number, number];
    const [clientUrl, peerUrl] = [client, peer].map((port) => `http://127.0.0.1:${String(port)}`) as [
      string,
      string,
    ];
    const args = [
      '--name=test',
      `--data-dir=${join(directory, 'data')}`,
      '--log-level=error',
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=test=${peerUrl}`,
      ...extraArgs,
    ];
    const command = { command: 'etcd', args };
    const etcd = new EtcdProcess(clientUrl, directory, command, new Child(command));
    await etcd.ready();
    return etcd;
  }

  /** SIGKILL, at once; the data stays. */
  async kill(): Promise<void> {
    await this.child.kill();
  }

  /** The same member again, on the same port with the same data. */
  async restart(): Promise<void> {
    await this.child.kill();
    this.child = new Child(this.command);
    await this.ready();
  }

  async stop(): Promise<void> {
    await this.child.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    const healthy = async (): Promise<boolean> => {
      if (this.child.exited) return true;
      return (await (await fetch(`${this.endpoint}/health`)).text()).includes('"true"');
    };
    await eventually(healthy, { timeoutMs: 30_000, everyMs: 20, what: 'etcd healthy' });
    if (this.child.exited) throw new Error(`etcd ended:\n${this.child.tail()}`);
  }
}

export function startEtcd(extraArgs: readonly string[] = []): Promise<EtcdProcess> {
  return EtcdProcess.start(extraArgs);
}
