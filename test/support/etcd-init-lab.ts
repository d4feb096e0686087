import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/common/clock.js';
import { type Log, silentLog } from '../../src/common/log.js';
import { EtcdInit, type EtcdInitSettings } from '../../src/modules/etcd-init/etcd-init.js';
import { freePorts } from './free-ports.js';

/** A place for an etcd that is initialized on free ports instead of those of the contract. */
export class EtcdInitLab {
  /** Error lines, and everything at debug. */
  readonly errors: string[] = [];
  readonly debug: string[] = [];

  private constructor(
    private readonly root: string,
    readonly ports: { readonly client: number; readonly peer: number },
  ) {}

  static async create(): Promise<EtcdInitLab> {
    const [client, peer] = (await freePorts(2)) as [number, number];
    const lab = new EtcdInitLab(await mkdtemp(join(tmpdir(), 'etcd-init-')), { client, peer });
    await mkdir(lab.dataDir);
    return lab;
  }

  get dataDir(): string {
    return join(this.root, 'data');
  }

  init(changes: Partial<EtcdInitSettings> = {}): EtcdInit {
    const { dataDir, ports } = this;
    const clientUrl = `http://localhost:${ports.client}`;
    const peerUrl = `http://localhost:${ports.peer}`;
    const etcdArgs = [
      `--data-dir=${dataDir}`,
      '--name=clustermesh-apiserver',
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=clustermesh-apiserver=${peerUrl}`,
      '--initial-cluster-state=new',
    ];
    const defaults = { clusterName: 'alpha', etcdBinary: '/usr/bin/etcd', timeoutMs: 30_000, force: false };
    return new EtcdInit({
      ...defaults,
      dataDir,
      ports,
      etcdArgs,
      clock: systemClock,
      log: this.log(),
      ...changes,
    });
  }

  /** To the end. @throws what EtcdInit throws. */
  run(changes: Partial<EtcdInitSettings> = {}): Promise<void> {
    return this.init(changes).run(new AbortController().signal);
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }

  private log(): Log {
    const log: Log = {
      ...silentLog,
      debug: (message) => void this.debug.push(message),
      error: (message) => void this.errors.push(message),
      child: () => log,
    };
    return log;
  }
}
