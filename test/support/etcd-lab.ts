import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/common/clock.js';
import { silentLog } from '../../src/common/log.js';
import { EtcdConnection, type EtcdConnectionOptions } from '../../src/modules/etcd/etcd-connection.js';
import { EtcdKv } from '../../src/modules/etcd/etcd-kv.js';
import { EtcdWatcher } from '../../src/modules/etcd/etcd-watcher.js';
import { LeaseClient } from '../../src/modules/etcd/lease-client.js';
import { EtcdLeasePool } from '../../src/modules/etcd/lease-pool.js';
import { eventually } from './eventually.js';
import { type LogLine, recordingLog } from './recording-log.js';

const kvstoreDefaults = {
  keepaliveHeartbeatMs: 15_000,
  keepaliveTimeoutMs: 25_000,
  maxConsecutiveQuorumErrors: 2,
} as const;

export type EtcdLabOptions = Partial<EtcdConnectionOptions['kvstore']> & {
  readonly leaseTtlMs?: number;
  readonly pollMs?: number;
  readonly silenceMs?: number;
  /** Default: connected when start() resolves. */
  readonly connect?: boolean;
};

/** The whole etcd side as the program wires it, against a real etcd, without Nest. */
export class EtcdLab {
  readonly lines: LogLine[] = [];
  readonly connection: EtcdConnection;
  readonly kv: EtcdKv;
  readonly watcher: EtcdWatcher;
  readonly leases: EtcdLeasePool;
  readonly abort = new AbortController();
  private readonly running: Promise<void>[] = [];

  private constructor({
    leaseTtlMs = 60_000,
    pollMs,
    silenceMs,
    connect: _connect,
    ...kvstore
  }: EtcdLabOptions) {
    const clock = systemClock;
    const log = recordingLog(this.lines);
    this.connection = new EtcdConnection({
      kvstore: { ...kvstoreDefaults, ...kvstore },
      clock,
      log,
      random: Math.random,
      onQuorumError: () => undefined,
      ...(pollMs === undefined ? {} : { pollMs }),
    });
    const client = () => this.connection.client();
    this.kv = new EtcdKv(client);
    this.watcher = new EtcdWatcher({
      client,
      clock,
      random: Math.random,
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
    this.leases = new EtcdLeasePool({
      calls: new LeaseClient(client),
      ttlMs: leaseTtlMs,
      clock,
      log: silentLog,
      random: Math.random,
    });
  }

  static async start(options: EtcdLabOptions): Promise<EtcdLab> {
    const lab = new EtcdLab(options);
    if (options.connect !== false) {
      await lab.connection.connect(lab.abort.signal);
      lab.spawn((signal) => lab.connection.run(signal));
    }
    return lab;
  }

  /**
   * Connects once, by a configuration file with these settings. `supervised`: the connection's own loop runs, too.
   * @throws what the first attempt fails with.
   */
  static async withConfig(
    settings: Readonly<Record<string, unknown>>,
    { supervised = true } = {},
  ): Promise<EtcdLab> {
    const dir = await mkdtemp(join(tmpdir(), 'etcd-config-'));
    const configPath = join(dir, 'config.yaml');
    await writeFile(configPath, JSON.stringify(settings));
    const lab = new EtcdLab({ configPath });
    lab.spawn(async (signal) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      await rm(dir, { recursive: true });
    });
    const connected = lab.connection.connect(lab.abort.signal);
    const failed = eventually(() => lab.connection.lastError, { timeoutMs: 30_000 });
    const failure = await Promise.race([connected.then(() => undefined), failed]);
    if (failure) {
      await lab.stop();
      throw failure;
    }
    if (supervised) lab.spawn((signal) => lab.connection.run(signal));
    return lab;
  }

  /** A loop under the lab's signal; stop() waits for it and fails when it failed. */
  spawn(loop: (signal: AbortSignal) => Promise<void>): void {
    this.running.push(loop(this.abort.signal));
  }

  warnings(): string[] {
    return this.lines
      .filter((line) => line.level === 'warn')
      .map((line) => `${line.message} ${String((line.fields['error'] as Error | undefined)?.message)}`);
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.running);
  }
}
