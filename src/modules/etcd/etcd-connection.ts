import { Backoff } from '../../common/backoff.js';
import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { Wakeup } from '../../common/wakeup.js';
import type { WriteFence } from '../../common/write-fence.js';
import type { KvstoreOptions } from '../config/server-options.js';
import { CauseLog } from './cause-log.js';
import { type ConnectionState, connectionStatus } from './connection-status.js';
import { EtcdConfigError } from './config/etcd-config.js';
import { EtcdConfigLoader, type EtcdSettings, MissingFileError } from './config/etcd-config-loader.js';
import type { EtcdClient } from './etcd-client.js';
import { dial, type MemberStatus, memberStatus } from './etcd-dialer.js';
import { EtcdKv } from './etcd-kv.js';
import { EtcdFault } from './kv.js';
import { LinkedAbort } from './linked-abort.js';
import { QuorumCheck, type QuorumError } from './quorum-check.js';

export interface EtcdConnectionOptions {
  readonly kvstore: Pick<
    KvstoreOptions,
    'configPath' | 'address' | 'keepaliveHeartbeatMs' | 'keepaliveTimeoutMs' | 'maxConsecutiveQuorumErrors'
  >;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1): order of endpoints, jitter. */
  readonly random: () => number;
  readonly onQuorumError: (error: QuorumError) => void;
  /** No client is given out while it says no. */
  readonly fence?: WriteFence | undefined;
  /** How often the configuration and certificate files are looked at, ms. */
  readonly pollMs?: number;
}

const defaultPollMs = 5000;

/**
 * Owns the client of the moment. Certificates and configuration are looked at every few seconds by content; what changed is
 * proved by a new client before it replaces the old one, whose calls may finish and whose watches move over. A half-written
 * set of files thus never takes the place of one that works.
 *
 *     waiting-for-files ⇄ connecting → connected ⇄ disconnected
 *                                      connected ⇄ reloading
 */
export class EtcdConnection implements StageSource {
  private readonly stage: Stage<ConnectionState>;
  private readonly loader: EtcdConfigLoader;
  private readonly causes: CauseLog;
  private readonly quorum: QuorumCheck;
  private readonly stateChanged = new Wakeup();
  private current: { readonly client: EtcdClient; readonly settings: EtcdSettings } | undefined;
  private status: MemberStatus | undefined;
  private failure: Error | undefined;
  private reconnects = 0;
  private reloads = 0;

  constructor(private readonly options: EtcdConnectionOptions) {
    const { kvstore, clock, log } = options;
    this.stage = new Stage<ConnectionState>('connecting', () => clock.now());
    this.loader = new EtcdConfigLoader({ source: kvstore, clock, log });
    this.causes = new CauseLog(log, clock);
    this.quorum = new QuorumCheck({
      kv: new EtcdKv(() => this.client()),
      probe: (signal) => this.askMember(signal),
      clock,
      onError: options.onQuorumError,
      maxConsecutiveErrors: kvstore.maxConsecutiveQuorumErrors,
    });
  }

  /** What failed last, were it long ago. */
  get lastError(): Error | undefined {
    return this.failure;
  }

  /** The client to make calls with now; do not keep it. @throws EtcdFault before the first connection, and behind the fence. */
  client(): EtcdClient {
    if (this.options.fence?.mayWrite() === false)
      throw new EtcdFault('not the leader any more', 'unavailable');
    if (this.current) return this.current.client;
    throw new EtcdFault(
      `not connected to etcd yet${this.failure ? `: ${this.failure.message}` : ''}`,
      'unavailable',
    );
  }

  /**
   * Resolves when etcd answers; waits for files and for etcd as long as the signal allows.
   * @throws EtcdConfigError for a configuration that waiting does not cure, EtcdFault when the signal aborts.
   */
  async connect(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    const backoff = this.backoff();
    while (!signal.aborted) {
      const settings = await this.settings(signal);
      if (!settings) break;
      try {
        await this.dial(settings, signal);
        log.info('Initial etcd session established', {
          endpoint: this.client().endpoint,
          version: this.status?.version,
        });
        return;
      } catch (error) {
        if (!(error instanceof EtcdFault)) throw error;
        if (!signal.aborted) this.failed('Unable to connect to etcd. Retrying...', error);
      }
      await clock.sleep(backoff.next(), signal);
    }
    const reason = this.failure?.message ?? 'cancelled';
    throw new EtcdFault(`not connected to etcd: ${reason}`, 'aborted', { cause: this.failure });
  }

  /** Keeps the connection: reloads, notices losses, proves the quorum. Closes it when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.supervise(signal), this.quorum.run(signal)]);
    this.current?.client.close();
  }

  stageStatus(): readonly StageStatus[] {
    const { current, status, reconnects, reloads } = this;
    const inFlightCalls = current?.client.inFlight ?? 0;
    const facts = { endpoint: current?.client.endpoint, member: status, inFlightCalls, reconnects, reloads };
    return [connectionStatus(this.stage, facts), ...this.quorum.stageStatus()];
  }

  private async settings(signal: AbortSignal): Promise<EtcdSettings | undefined> {
    const settings = await this.loader.wait(signal, (error) => {
      this.stage.transition('waiting-for-files');
      this.noteFailure(error);
    });
    if (settings) this.stage.transition('connecting');
    return settings;
  }

  /** A proven client takes over. @throws as dial(). */
  private async dial(settings: EtcdSettings, signal: AbortSignal): Promise<void> {
    const { kvstore, random } = this.options;
    const keepAlive = { heartbeatMs: kvstore.keepaliveHeartbeatMs, timeoutMs: kvstore.keepaliveTimeoutMs };
    const { client, status } = await dial(settings, { keepAlive, random, signal });
    const old = this.current?.client;
    this.current = { client, settings };
    this.status = status;
    client.onStateChange(() => this.stateChanged.wake());
    this.connected();
    old?.close();
  }

  private async supervise(signal: AbortSignal): Promise<void> {
    const { clock, pollMs = defaultPollMs } = this.options;
    const backoff = this.backoff();
    while (!signal.aborted) {
      const healthy = await this.healthy(signal);
      if (healthy) backoff.reset();
      await this.reload(signal);
      await this.pause(healthy ? pollMs : backoff.next(), clock, signal);
    }
  }

  /** Until the time is over or the channel's state has changed. */
  private async pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const over = new LinkedAbort(signal);
    await Promise.race([this.stateChanged.wait(over.signal), clock.sleep(ms, over.signal)]);
    over.abort();
  }

  private async healthy(signal: AbortSignal): Promise<boolean> {
    if (this.client().connected) {
      this.connected();
      return true;
    }
    if (this.stage.state === 'connected') this.stage.transition('disconnected');
    try {
      // Also makes an idle channel connect again.
      await this.askMember(signal);
      this.connected();
      return true;
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      if (signal.aborted) return false;
      this.failed('The connection to etcd is broken. Retrying...', error);
      return this.tryOtherEndpoints(signal);
    }
  }

  private async tryOtherEndpoints(signal: AbortSignal): Promise<boolean> {
    const settings = this.current?.settings;
    if (!settings || settings.config.endpoints.length < 2) return false;
    try {
      await this.dial(settings, signal);
      return true;
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      return false;
    }
  }

  private async reload(signal: AbortSignal): Promise<void> {
    const before = this.stage.state;
    try {
      const settings = await this.changedSettings();
      if (!settings || signal.aborted) return;
      this.stage.transition('reloading');
      await this.dial(settings, signal);
      this.reloads++;
      this.causes.reset();
      this.options.log.info('etcd configuration has changed, connection re-created', {
        endpoint: this.client().endpoint,
      });
    } catch (error) {
      if (!isReloadFailure(error)) throw error;
      this.stage.transition(before);
      if (signal.aborted) return;
      this.failed(
        'Changed etcd configuration does not work: keeping the present connection. Retrying...',
        error,
      );
    }
  }

  /** Read twice: a set of files that is being replaced is not taken for a change. */
  private async changedSettings(): Promise<EtcdSettings | undefined> {
    const settings = await this.loader.read();
    if (settings.digest === this.current?.settings.digest) return undefined;
    const again = await this.loader.read();
    return again.digest === settings.digest ? settings : undefined;
  }

  private async askMember(signal: AbortSignal): Promise<void> {
    this.status = await memberStatus(this.client(), { signal });
  }

  private connected(): void {
    const before = this.stage.state;
    this.stage.transition('connected');
    if (before !== 'disconnected') return;
    this.reconnects++;
    this.causes.reset();
    this.options.log.info('The connection to etcd is back', { endpoint: this.client().endpoint });
  }

  private failed(message: string, error: Error): void {
    this.noteFailure(error);
    this.causes.warn(message, { error });
  }

  private noteFailure(error: Error): void {
    this.failure = error;
    this.stage.failed(error);
  }

  private backoff(): Backoff {
    return new Backoff({ baseMs: 250, maxMs: 5000, jitter: 'decorrelated', random: this.options.random });
  }
}

function isReloadFailure(error: unknown): error is Error {
  return error instanceof EtcdFault || error instanceof EtcdConfigError || error instanceof MissingFileError;
}
