import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { imageConfig } from '../../../scripts/lib/image/image-config.mjs';
import { Child } from '../child.js';
import { eventually } from '../eventually.js';
import { Container } from './container.js';

export interface Volume {
  readonly from: string;
  /** Where in the container; the image must have a place for it. */
  readonly at: string;
  readonly writable?: boolean;
}

export interface ContainerSpec {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly volumes?: readonly Volume[];
}

export interface PodOptions {
  /** The image's root file system. */
  readonly rootfs: string;
  /** `status.podIP`. */
  readonly ip: string;
  /** Ports of the pod's loopback that the test talks to. */
  readonly ports: readonly number[];
  /** Addresses in the pod's network, with the port on 127.0.0.1 out here that each leads to. */
  readonly services: readonly { readonly ip: string; readonly port: number; readonly to: number }[];
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * What a kubelet makes of a pod, as far as a process can see: one network for all containers, in which the ports of the contract
 * are free, and containers from one read-only image. Needs root.
 */
export class Pod {
  private readonly containers: Container[] = [];
  private readonly servers: Server[] = [];

  private constructor(
    private readonly options: PodOptions,
    private readonly network: Child,
    private readonly sockets: string,
  ) {}

  static async start(options: PodOptions): Promise<Pod> {
    const sockets = await mkdtemp(join(tmpdir(), 'pod-'));
    const addresses = new Set([options.ip, ...options.services.map(({ ip }) => ip)]);
    const up = ['ip link set lo up', ...[...addresses].map((ip) => `ip address replace ${ip}/32 dev lo`)];
    const ways = [
      ...options.ports.map((port) => `in:${port}`),
      ...options.services.map(({ ip, port }) => `out:${ip}:${port}`),
    ];
    const relay = [process.execPath, script('relay.mjs'), sockets, ...ways];
    const network = new Child({
      command: 'unshare',
      args: ['--net', 'sh', '-ec', `${up.join('; ')}; exec "$@"`, 'sh', ...relay],
    });
    const pod = new Pod(options, network, sockets);
    for (const { ip, port, to } of options.services) {
      await pod.serve({ path: join(sockets, `${ip}:${port}.sock`) }, { host: '127.0.0.1', port: to });
    }
    await eventually(() => network.exited ?? network.stdoutLines.includes('ready'), {
      what: 'the pod’s network',
    });
    if (network.exited) throw new Error(`the pod has no network:\n${network.tail()}`);
    return pod;
  }

  async start({ command, env = {}, volumes = [] }: ContainerSpec): Promise<Container> {
    const mounts = volumes.map(({ from, at, writable }) => `${writable ? 'rw' : 'ro'}:${from}:${at}`);
    const variables = Object.entries({ ...imageConfig.env, ...env }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const namespaces = ['unshare', '--mount', '--pid', '--ipc', '--fork', 'env', '-i', ...variables];
    const enter = ['sh', script('enter-container.sh'), this.options.rootfs, ...mounts, '--', ...command];
    const network = `--net=/proc/${this.network.pid}/ns/net`;
    const container = await Container.start(['nsenter', network, ...namespaces, ...enter]);
    this.containers.push(container);
    return container;
  }

  /** GET on the pod's loopback. */
  get(port: number, path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const socketPath = join(this.sockets, `${port}.sock`);
      const asked = request({ socketPath, path, timeout: 5000, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      asked.once('timeout', () => asked.destroy(new Error('no answer within 5 s')));
      asked.once('error', reject).end();
    });
  }

  /** A port on 127.0.0.1 out here that leads to one of the pod's loopback. */
  async forward(port: number): Promise<number> {
    const server = await this.serve(
      { host: '127.0.0.1', port: 0 },
      { path: join(this.sockets, `${port}.sock`) },
    );
    return (server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    await Promise.all(this.containers.map((container) => container.kill()));
    await this.network.kill();
    for (const server of this.servers) server.close();
    await rm(this.sockets, { recursive: true, force: true });
  }

  private async serve(listen: ListenOptions, to: NetConnectOpts): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (incoming) => {
      const outgoing = connect({ ...to, allowHalfOpen: true });
      // Either side may go away at any time, and the other learns it by its own end.
      pipeline(incoming, outgoing, incoming, () => undefined);
    });
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(listen, resolve));
    return server;
  }
}
