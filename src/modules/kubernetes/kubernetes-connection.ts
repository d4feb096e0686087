import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import type { KubernetesOptions } from '../config/clustermesh-options.js';
import { connectToServer, type KubernetesServer } from './connect.js';
import { waitForCrds } from './crd-wait.js';
import { runHeartbeat } from './heartbeat.js';
import type { KubeTransport } from './kube-transport.js';

export type { KubernetesServer } from './connect.js';

/** connecting: before the first answer. unreachable: the last heartbeat failed. */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'unreachable';

export interface KubernetesConnectionOptions {
  readonly transport: KubeTransport;
  readonly settings: KubernetesOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** After each heartbeat, for the metrics of its controller. */
  readonly onBeat?: (failed: boolean) => void;
}

/** The program's tie to the API server as a whole: reached at the start, felt by a heartbeat ever after. */
export class KubernetesConnection implements StageSource {
  private readonly stage: Stage<ConnectionState>;
  private server: KubernetesServer | undefined;
  private heartbeats = 0;
  private failedHeartbeats = 0;

  constructor(private readonly options: KubernetesConnectionOptions) {
    this.stage = new Stage<ConnectionState>('idle', () => options.clock.now());
  }

  /** @throws StartError when the API server does not answer within 60 s or is not fit; KubeError when the signal aborts first. */
  async connect(signal: AbortSignal): Promise<KubernetesServer> {
    const { transport: api, settings, clock, log } = this.options;
    this.stage.transition('connecting');
    try {
      this.server = await connectToServer({ api, settings, server: api.server, clock, log }, signal);
    } catch (error) {
      this.stage.failed(error);
      throw error;
    }
    this.stage.transition('connected');
    return this.server;
  }

  /** GET /healthz now and every --k8s-heartbeat-timeout. */
  runHeartbeat(signal: AbortSignal): Promise<void> {
    const { transport: api, settings, clock, log } = this.options;
    return runHeartbeat(
      {
        api,
        timeoutMs: settings.heartbeatTimeoutMs,
        clock,
        log: log.child('k8s-client'),
        closeIdle: () => api.closeIdle(),
        onBeat: (failure) => this.beaten(failure),
      },
      signal,
    );
  }

  /** Resolves when the CRDs are there, or the signal aborts. @throws StartError after the timeout. */
  waitForCrds(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { transport: api, clock, log, random } = this.options;
    return waitForCrds({ api, timeoutMs, clock, log: log.child('k8s'), random }, signal);
  }

  /** Closes every connection, at the end of the program. */
  close(): void {
    this.options.transport.closeAll();
  }

  stageStatus(): readonly StageStatus[] {
    const { state, since, lastError } = this.stage;
    const { heartbeats, failedHeartbeats, server } = this;
    return [
      {
        name: 'kubernetes/connection',
        state,
        since,
        healthy: state === 'connected',
        ...(lastError === undefined ? {} : { lastError }),
        counts: { heartbeats, failedHeartbeats },
        details: {
          server: this.options.transport.server,
          version: server?.version ?? null,
          slicesSource: server?.slicesSource ?? null,
        },
      },
    ];
  }

  private beaten(failure: Error | undefined): void {
    this.heartbeats++;
    if (failure) {
      this.failedHeartbeats++;
      this.stage.failed(failure);
    }
    this.stage.transition(failure ? 'unreachable' : 'connected');
    this.options.onBeat?.(failure !== undefined);
  }
}
