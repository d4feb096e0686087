import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ChildOptions } from '../child.js';
import type { ProcessPlace } from '../process-place.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const gateway = fileURLToPath(new URL('gateway.mjs', import.meta.url));
const run = promisify(execFile);

/**
 * A network of its own, whoever runs the test: a user and a network namespace in which addresses may be given to anybody, with
 * nothing of this machine's network changed. A process inside joins TCP connections with it and within it.
 */
export class LabNetwork implements ProcessPlace {
  private readonly answers = new Map<number, (error: string | undefined) => void>();
  private readonly forwards = new Map<string, Promise<number>>();
  private asked: Promise<void> = Promise.resolve();
  private requests = 0;
  private links = 0;

  private constructor(private readonly holder: ChildProcess) {
    holder.on('message', ({ id, error }: { id: number; error?: string }) => this.answers.get(id)?.(error));
    holder.once('exit', () => {
      for (const answer of this.answers.values()) answer('the network is gone');
    });
  }

  static async start(): Promise<LabNetwork> {
    const alone = ['--user', '--map-root-user', '--net', '--', process.execPath, gateway];
    const holder = spawn('unshare', alone, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const lab = new LabNetwork(holder);
    // Answered, so its namespaces are there.
    await lab.ask({ at: { host: '0.0.0.0', port: 1 }, to: { host: '127.0.0.1', port: 1 } });
    await lab.ip('link', 'set', 'lo', 'up');
    return lab;
  }

  get pid(): number {
    return this.holder.pid ?? -1;
  }

  /** The same command, run inside. */
  command({ command, args, ...rest }: ChildOptions): ChildOptions {
    return { ...rest, command: 'nsenter', args: [...this.enter(this.pid), command, ...args] };
  }

  /** Arguments of nsenter for the network of a process that was started inside. */
  enter(pid: number): string[] {
    return [`--target=${String(pid)}`, '--user', '--net', '--preserve-credentials', '--'];
  }

  /** Runs `ip` inside. */
  async ip(...args: readonly string[]): Promise<void> {
    await run('nsenter', [...this.enter(this.pid), 'ip', ...args]);
  }

  /** Gives the network an address. */
  async addAddress(host: string): Promise<void> {
    await this.ip('address', 'add', `${host}/32`, 'dev', 'lo');
  }

  /** Joins the network of a process with this one; it is then reached at `host`. */
  async connect(pid: number, host: string): Promise<void> {
    const router = '169.254.1.1';
    const link = `veth${String(++this.links)}`;
    await this.ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
    await this.ip('address', 'add', `${router}/32`, 'dev', link);
    await this.ip('link', 'set', link, 'up');
    await this.ip('route', 'add', host, 'dev', link);
    const script =
      `ip link set lo up; ip address add ${host}/32 dev eth0; ip link set eth0 up; ` +
      `ip route add ${router} dev eth0; ip route add default via ${router} src ${host}`;
    await run('nsenter', [...this.enter(pid), 'sh', '-ec', script]);
  }

  /** 127.0.0.1:`port` inside is reached at the same port of this machine. */
  async publish(port: number): Promise<void> {
    await this.expose({ host: '127.0.0.1', port }, port);
  }

  /** A port of 127.0.0.1 on this machine that leads to an address inside. */
  forward(to: Address): Promise<number> {
    const name = `${to.host}:${String(to.port)}`;
    const known = this.forwards.get(name) ?? this.expose(to, 0);
    this.forwards.set(name, known);
    return known;
  }

  /** Inside, connections to `at` go on to `to`. The next call for the same `at` changes that for new connections. */
  async relay(at: Address, to: Address): Promise<void> {
    await this.ask({ at, to });
  }

  /** Ends the connections that came in at an address. */
  async cut(at: Address): Promise<void> {
    await this.ask({ cut: at });
  }

  async stop(): Promise<void> {
    if (this.holder.exitCode !== null) return;
    const ended = new Promise((resolve) => this.holder.once('exit', resolve));
    this.holder.disconnect();
    await ended;
  }

  private async expose(to: Address, port: number): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    const chosen = (server.address() as { port: number }).port;
    await this.ask({ to }, server);
    // The gateway has its own hold of the socket; as long as this end is open it takes connections away from it.
    await new Promise((resolve) => server.close(resolve));
    return chosen;
  }

  /** One after the other: sockets that are sent while another one is on its way get lost. */
  private ask(message: object, server?: Server): Promise<void> {
    const answered = this.asked.then(() => this.askNow(message, server));
    this.asked = answered.catch(() => undefined);
    return answered;
  }

  private async askNow(message: object, server?: Server): Promise<void> {
    const id = ++this.requests;
    const error = await new Promise<string | undefined>((resolve) => {
      this.answers.set(id, resolve);
      this.holder.send({ id, ...message }, server);
    });
    this.answers.delete(id);
    if (error !== undefined) throw new Error(`the lab's network: ${JSON.stringify(message)}: ${error}`);
  }
}
