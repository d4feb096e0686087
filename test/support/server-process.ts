import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Child, type ChildExit } from './child.js';
import { eventually } from './eventually.js';
import { freePorts } from './free-ports.js';

export interface ServerOptions {
  /** Default: clustermesh. */
  readonly command?: 'clustermesh' | 'kvstoremesh';
  /** After `clustermesh-apiserver COMMAND --cluster-name east --cluster-id 3`; a later flag wins. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly adminPort?: number;
  /** `--k8s-kubeconfig-path`. */
  readonly kubeconfig?: string;
  /** `--kvstore-opt etcd.address`. */
  readonly etcd?: string;
}

const program = fileURLToPath(new URL('../../bin/clustermesh-apiserver', import.meta.url));
const built = fileURLToPath(new URL('../../dist', import.meta.url));

/** The program as it ships, in a process of its own. */
export class ServerProcess {
  private constructor(
    private readonly child: Child,
    readonly healthPort: number,
    readonly adminPort: number,
    readonly metricsPort: number,
  ) {}

  static async start(options: ServerOptions): Promise<ServerProcess> {
    if (!existsSync(built)) throw new Error('the program is not built: run npm run build');
    const [health, freeAdmin, metrics, gops] = (await freePorts(4)) as [number, number, number, number];
    const admin = options.adminPort ?? freeAdmin;
    const child = new Child({
      command: program,
      args: [
        options.command ?? 'clustermesh',
        '--cluster-name=east',
        '--cluster-id=3',
        `--health-port=${String(health)}`,
        `--gops-port=${String(gops)}`,
        `--admin-serve-addr=127.0.0.1:${String(admin)}`,
        `--prometheus-serve-addr=127.0.0.1:${String(metrics)}`,
        ...(options.kubeconfig === undefined ? [] : [`--k8s-kubeconfig-path=${options.kubeconfig}`]),
        ...(options.etcd === undefined ? [] : [`--kvstore-opt=etcd.address=${options.etcd}`]),
        ...(options.args ?? []),
      ],
      ...(options.env ? { env: options.env } : {}),
    });
    return new ServerProcess(child, health, admin, metrics);
  }

  get pid(): number {
    return this.child.pid;
  }

  get exit(): Promise<ChildExit> {
    return this.child.exit;
  }

  get exited(): ChildExit | undefined {
    return this.child.exited;
  }

  get stdoutLines(): readonly string[] {
    return this.child.stdoutLines;
  }

  /** Its log. */
  get stderrLines(): readonly string[] {
    return this.child.stderrLines;
  }

  /** Until /readyz answers 200; a process that ends first is a failure that shows its last lines. */
  async waitReady(timeoutMs = 60_000): Promise<void> {
    const look = async (): Promise<boolean> =>
      this.exited !== undefined || (await this.readyz()).status === 200;
    try {
      await eventually(look, { timeoutMs, everyMs: 10, what: '/readyz 200' });
    } catch (error) {
      throw new Error(`the server did not get ready:\n${this.child.tail()}`, { cause: error });
    }
    if (this.exited)
      throw new Error(`the server ended (${JSON.stringify(this.exited)}):\n${this.child.tail()}`);
  }

  async readyz(path = '/readyz'): Promise<{ status: number; body: string }> {
    const signal = AbortSignal.timeout(5000);
    const response = await fetch(`http://127.0.0.1:${String(this.healthPort)}${path}`, { signal });
    return { status: response.status, body: await response.text() };
  }

  /** One request to the admin API with a JSON answer. */
  async admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`http://127.0.0.1:${String(this.adminPort)}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, body: await response.json() };
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${String(this.metricsPort)}/metrics`)).text();
  }

  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<ChildExit> {
    return this.child.stop();
  }

  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<ChildExit> {
    return this.child.kill();
  }
}

/** Starts the built program on free ports; does not wait for anything but the process. */
export function startServer(options: ServerOptions): Promise<ServerProcess> {
  return ServerProcess.start(options);
}
