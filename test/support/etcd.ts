import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCa } from './certs.js';
import { Child } from './child.js';
import { EtcdAdmin } from './etcd-admin.js';
import { eventually } from './eventually.js';
import { freePorts } from './free-ports.js';
import type { ProcessPlace } from './process-place.js';

export interface EtcdOptions {
  /** Serve TLS and demand client certificates of this authority. */
  readonly tls?: TestCa;
  /** Kept by stop(); default: a directory of its own, in memory where the machine has /dev/shm. */
  readonly dataDir?: string;
  readonly args?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
  /** Where it runs; default: here. */
  readonly place?: ProcessPlace;
}

/** A real etcd of one member on 127.0.0.1. */
export interface TestEtcd {
  /** `http://127.0.0.1:port`, or https. */
  readonly endpoint: string;
  readonly clientPort: number;
  readonly dataDir: string;
  readonly pid: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** Ends it, if it still runs, and starts it again on the same port and data; with another authority when given. */
  restart(tls?: TestCa): Promise<void>;
  /** A client of its own for assertions, closed by stop(). */
  client(): EtcdAdmin;
}

const attempts = 5;

/** Starts etcd and waits until it is healthy. A port that somebody took meanwhile is tried again with another. */
export async function startEtcd(options: EtcdOptions = {}): Promise<TestEtcd> {
  const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'etcd-'));
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(options.port);
    const etcd = new Member(options, directory, ports);
    try {
      await options.place?.publish(ports.client);
      await options.place?.publish(ports.health);
      await etcd.start(options.tls);
      return etcd;
    } catch (error) {
      await etcd.kill();
      if (attempt < attempts && /address already in use/.test(String(error))) continue;
      await etcd.stop();
      throw error;
    }
  }
}

interface Ports {
  readonly client: number;
  readonly peer: number;
  readonly health: number;
}

async function choosePorts(wanted: number | undefined): Promise<Ports> {
  const [client, peer, health] = (await freePorts(3)) as [number, number, number];
  return { client: wanted ?? client, peer, health };
}

class Member implements TestEtcd {
  readonly clientPort: number;
  readonly endpoint: string;
  readonly dataDir: string;
  private tls: TestCa | undefined;
  private child: Child | undefined;
  private admin: EtcdAdmin | undefined;

  constructor(
    private readonly options: EtcdOptions,
    private readonly directory: string,
    private readonly ports: Ports,
  ) {
    this.clientPort = ports.client;
    this.endpoint = `${options.tls ? 'https' : 'http'}://127.0.0.1:${ports.client}`;
    this.dataDir = options.dataDir ?? join(directory, 'data');
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  async start(tls: TestCa | undefined): Promise<void> {
    this.tls = tls;
    const peer = `http://127.0.0.1:${this.ports.peer}`;
    const args = [
      '--name=test',
      `--data-dir=${this.dataDir}`,
      '--log-level=error',
      '--logger=zap',
      `--listen-client-urls=${this.endpoint}`,
      `--advertise-client-urls=${this.endpoint}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=test=${peer}`,
      `--listen-metrics-urls=http://127.0.0.1:${this.ports.health}`,
      ...(await this.tlsArgs()),
      ...(this.options.args ?? []),
    ];
    const here = { command: 'etcd', args };
    this.child = new Child(this.options.place?.command(here) ?? here);
    await this.healthy(this.child);
  }

  client(): EtcdAdmin {
    this.admin ??= new EtcdAdmin(this.endpoint, this.tls);
    return this.admin;
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }

  async restart(tls = this.tls): Promise<void> {
    await this.kill();
    this.closeClient();
    await this.start(tls);
  }

  async stop(): Promise<void> {
    this.closeClient();
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  private closeClient(): void {
    this.admin?.close();
    this.admin = undefined;
  }

  private async tlsArgs(): Promise<string[]> {
    if (!this.tls) return [];
    const { cert, key } = await this.tls.issue('etcd-server');
    const files = { cert, key, ca: this.tls.cert };
    const path = (name: string): string => join(this.directory, `server.${name}`);
    await Promise.all(Object.entries(files).map(([name, pem]) => writeFile(path(name), pem)));
    return [
      `--cert-file=${path('cert')}`,
      `--key-file=${path('key')}`,
      `--trusted-ca-file=${path('ca')}`,
      '--client-cert-auth',
    ];
  }

  private async healthy(child: Child): Promise<void> {
    const look = async (): Promise<boolean> => {
      if (child.exited) return true;
      const signal = AbortSignal.timeout(2_000);
      const answer = await fetch(`http://127.0.0.1:${this.ports.health}/health`, { signal });
      return (await answer.text()).includes('"true"');
    };
    await eventually(look, { timeoutMs: 30_000, everyMs: 20, what: 'etcd healthy' });
    if (child.exited) throw new Error(`etcd ended:\n${child.tail()}`);
  }
}
