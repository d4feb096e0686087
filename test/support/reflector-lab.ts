import { systemClock } from '../../src/common/clock.js';
import type { Log } from '../../src/common/log.js';
import type { KubeApi, KubeObject, ResourceSink } from '../../src/modules/kubernetes/kube-api.js';
import { KubeTransport } from '../../src/modules/kubernetes/kube-transport.js';
import { Reflector, type ReflectorOptions } from '../../src/modules/kubernetes/reflector.js';
import type { ReflectorTiming } from '../../src/modules/kubernetes/reflector-timing.js';
import { resources } from '../../src/modules/kubernetes/resources.js';
import type { FakeKubeServer } from './fake-kube-server.js';

/** Remembers what it was given, and the order of it. */
export class RecordingSink implements ResourceSink {
  readonly state = new Map<string, unknown>();
  readonly calls: string[] = [];
  /** Names that make upsert throw. */
  readonly refuses = new Set<string>();

  upsert(key: string, object: KubeObject): void {
    this.calls.push(`upsert ${key}`);
    if (this.refuses.has(key)) throw new Error(`cannot take ${key}`);
    this.state.set(key, (object as { spec?: unknown }).spec);
  }

  delete(key: string): void {
    this.calls.push(`delete ${key}`);
    this.state.delete(key);
  }

  keys(): Iterable<string> {
    return this.state.keys();
  }

  synced(): void {
    this.calls.push('synced');
  }
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function recordingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const level =
    (name: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level: name, message, fields });
    };
  const log: Log = {
    debug: level('debug'),
    info: level('info'),
    warn: level('warn'),
    error: level('error'),
    child: () => log,
  };
  return { log, lines };
}

export const unlimited = { take: (signal?: AbortSignal) => Promise.resolve(!signal?.aborted) };

export function transportTo(server: string): KubeTransport {
  return new KubeTransport({
    credentials: { server, identify: () => Promise.resolve({ headers: {}, tls: {} }) },
    clock: systemClock,
    limit: unlimited,
    userAgent: 'test/1',
    connectionTimeoutMs: 5_000,
    connectionKeepAliveMs: 30_000,
  });
}

/** Faster than in earnest, and yet no flake on a busy machine. */
export const quickTiming: ReflectorTiming = {
  watchMinMs: 30_000,
  watchMaxMs: 60_000,
  graceMs: 5_000,
  silenceMs: 400,
  shortWatchMs: 500,
  healthyWatchMs: 10_000,
  backoffBaseMs: 2,
  backoffMaxMs: 10,
  connectBackoffMaxMs: 10,
  headersMs: 5_000,
};

export class ReflectorLab {
  readonly sink = new RecordingSink();
  readonly recorded = recordingLog();
  readonly reflector: Reflector;
  readonly transport: KubeTransport;
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;

  constructor(server: FakeKubeServer, options: Partial<ReflectorOptions> & { api?: KubeApi } = {}) {
    this.transport = transportTo(server.url);
    this.reflector = new Reflector({
      api: this.transport,
      resource: resources.ciliumnodes,
      sink: this.sink,
      clock: systemClock,
      log: this.recorded.log,
      random: Math.random,
      timing: quickTiming,
      ...options,
    });
  }

  get status(): ReturnType<Reflector['stageStatus']>[number] {
    return this.reflector.stageStatus()[0]!;
  }

  run(): this {
    this.running = this.reflector.run(this.abort.signal);
    return this;
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.running;
    this.transport.closeAll();
  }
}
