import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DevApiServer } from '../api-server/dev-api-server.js';
import { choosePort } from './choose-port.js';
import { DemoChild } from './demo-child.js';
import { EtcdGateway } from './etcd-gateway.js';
import { clusterName } from './expected-keys.js';

export interface DemoStackOptions {
  /** The project's folder. */
  readonly root: string;
  /** The etcd executable. */
  readonly etcd: string;
}

/** Where everything can be looked at. */
export interface DemoUrls {
  readonly apiServer: string;
  readonly etcd: string;
  readonly ready: string;
  readonly status: string;
  readonly metrics: string;
}

/** One of the demo's programs ended without being asked to. */
export class ChildFailure extends Error {
  override name = 'ChildFailure';
}

/** An API server in this process, a real etcd and the mirror beside it; all of it goes with stop(). */
export class DemoStack {
  readonly apiServer = new DevApiServer();
  private readonly children: DemoChild[] = [];
  private directory: string | undefined;
  private stopping = false;
  private known: { urls: DemoUrls; etcd: EtcdGateway } | undefined;
  private reportFailure: (error: ChildFailure) => void = () => undefined;
  /** Rejects when a child ends before stop(); never resolves. */
  readonly failure = new Promise<never>((_resolve, reject) => (this.reportFailure = reject));

  constructor(private readonly options: DemoStackOptions) {
    // Somebody always awaits it in the end, but not from the start.
    this.failure.catch(() => undefined);
    process.once('exit', () => {
      this.abandon();
    });
  }

  get urls(): DemoUrls {
    return this.started().urls;
  }

  get etcd(): EtcdGateway {
    return this.started().etcd;
  }

  /** The API server and etcd. Resolves when both can be used. */
  async start(): Promise<void> {
    const memory = '/dev/shm';
    this.directory = await mkdtemp(join(existsSync(memory) ? memory : tmpdir(), 'clustermesh-demo-'));
    const [apiServer, client, peer, health, admin, metrics] = await Promise.all(
      [8001, 12379, 12380, 19880, 19881, 19962].map(choosePort),
    );
    const at = (port: number | undefined): string => `http://127.0.0.1:${String(port)}`;
    const etcd = new EtcdGateway(at(client));
    const urls = {
      apiServer: at(apiServer),
      etcd: at(client),
      ready: `${at(health)}/readyz`,
      status: `${at(admin)}/status`,
      metrics: `${at(metrics)}/metrics`,
    };
    this.known = { urls, etcd };
    this.spawn('etcd', this.options.etcd, etcdFlags(this.directory, at(client), at(peer)));
    await this.apiServer.listen(apiServer);
    await this.until(() => etcd.healthy(), 30_000, 'etcd is not healthy');
  }

  /** The mirror. Resolves with the ms that it took to become ready. */
  async startMirror(): Promise<number> {
    const { urls } = this.started();
    const begin = performance.now();
    const program = join(this.options.root, 'bin', 'clustermesh-apiserver');
    this.spawn('clustermesh-apiserver', program, mirrorFlags(urls));
    await this.until(async () => (await fetch(urls.ready)).ok, 120_000, 'the mirror is not ready');
    return performance.now() - begin;
  }

  /** Ends everything and removes what is on disk. */
  async stop(): Promise<void> {
    this.stopping = true;
    // The last one started depends on those before it.
    for (const child of [...this.children].reverse()) await child.stop();
    await this.apiServer.close();
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

  private spawn(name: string, command: string, args: readonly string[]): void {
    const child = new DemoChild(name, command, args);
    this.children.push(child);
    void child.ended.then((how) => {
      if (this.stopping) return;
      this.reportFailure(
        new ChildFailure(`${name} ended by itself (${how}). Its last lines:\n${child.tail()}`),
      );
    });
  }

  private tails(): string {
    return this.children.map((child) => `\nLast lines of ${child.name}:\n${child.tail()}`).join('');
  }

  private started(): { urls: DemoUrls; etcd: EtcdGateway } {
    if (!this.known) throw new Error('the demo has not started');
    return this.known;
  }

  /** This process is about to be gone: nothing can be awaited any more. */
  private abandon(): void {
    for (const child of this.children) child.kill();
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}

function etcdFlags(directory: string, client: string, peer: string): string[] {
  return [
    '--name=demo',
    `--data-dir=${join(directory, 'etcd')}`,
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=demo=${peer}`,
  ];
}

function mirrorFlags({ apiServer, etcd, ready, status, metrics }: DemoUrls): string[] {
  return [
    'clustermesh',
    `--cluster-name=${clusterName}`,
    '--cluster-id=1',
    `--k8s-api-server=${apiServer}`,
    `--kvstore-opt=etcd.address=${etcd}`,
    `--health-port=${new URL(ready).port}`,
    `--admin-serve-addr=${new URL(status).host}`,
    `--prometheus-serve-addr=${new URL(metrics).host}`,
    '--enable-external-workloads=false',
  ];
}
