import type { Bytes } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { EtcdFault, type Kv } from './kv.js';

/** The values of `kvstore_quorum_errors_total{error}`. */
export type QuorumError = 'timeout' | 'lock timeout' | 'no event received';

export interface QuorumCheckOptions {
  readonly kv: Pick<Kv, 'get'>;
  /** Asks the member for its status. Rejects with EtcdFault. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly onError: (error: QuorumError) => void;
  /** Failures in a row that are still healthy (`--kvstore-max-consecutive-quorum-errors`). */
  readonly maxConsecutiveErrors: number;
}

type QuorumState = 'unknown' | 'quorum' | 'no-quorum';

/** Our own heartbeat: written once a minute, so two minutes without a change mean that writes do not arrive. */
const heartbeatKey: Bytes = 'cilium/.heartbeat';
const heartbeatLimitMs = 120_000;
const calmMs = 30_000;
const alarmedMs = 5000;
const deadlineMs = 10_000;

/**
 * Does the cluster behind our member have a quorum? Asked every 30 s, every 5 s while it fails. The original takes and releases a
 * lock under `cilium/.initlock/`; a linearizable read proves the same, as it too waits until a quorum has confirmed the leader,
 * and costs no lease, no write and no permission. Nothing reads those locks: they live for a moment under random names.
 */
export class QuorumCheck implements StageSource {
  private readonly stage: Stage<QuorumState>;
  private consecutiveErrors = 0;
  private heartbeat: { readonly revision: number; readonly seenAt: number } | undefined;

  constructor(private readonly options: QuorumCheckOptions) {
    this.stage = new Stage<QuorumState>('unknown', () => options.clock.now());
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    while (!signal.aborted) {
      const failure = await this.check(signal);
      if (signal.aborted) return;
      this.report(failure);
      await clock.sleep(failure ? alarmedMs : calmMs, signal);
    }
  }

  stageStatus(): readonly StageStatus[] {
    return [
      {
        name: 'etcd/quorum',
        state: this.stage.state,
        since: this.stage.since,
        healthy: this.consecutiveErrors <= this.options.maxConsecutiveErrors,
        ...(this.stage.lastError ? { lastError: this.stage.lastError } : {}),
        counts: { consecutiveErrors: this.consecutiveErrors },
      },
    ];
  }

  private report(failure: QuorumError | undefined): void {
    if (failure === undefined) {
      this.consecutiveErrors = 0;
      this.stage.transition('quorum');
      return;
    }
    this.consecutiveErrors++;
    this.stage.transition('no-quorum');
    this.options.onError(failure);
  }

  private async check(signal: AbortSignal): Promise<QuorumError | undefined> {
    return (await this.readHeartbeat(signal)) ?? (await this.askMember(signal)) ?? this.judgeHeartbeat();
  }

  private async readHeartbeat(signal: AbortSignal): Promise<QuorumError | undefined> {
    try {
      const entry = await this.options.kv.get(heartbeatKey, { signal, deadlineMs });
      const now = this.options.clock.monotonic();
      if (entry && entry.modRevision !== this.heartbeat?.revision)
        this.heartbeat = { revision: entry.modRevision, seenAt: now };
      return undefined;
    } catch (error) {
      // etcd looks at permissions only after the quorum has confirmed the read.
      if (error instanceof EtcdFault && error.kind === 'permission-denied') return undefined;
      return this.failed(error, 'lock timeout');
    }
  }

  private async askMember(signal: AbortSignal): Promise<QuorumError | undefined> {
    try {
      await this.options.probe(signal);
      return undefined;
    } catch (error) {
      return this.failed(error, 'timeout');
    }
  }

  private judgeHeartbeat(): QuorumError | undefined {
    const { heartbeat, options } = this;
    if (!heartbeat || options.clock.monotonic() - heartbeat.seenAt <= heartbeatLimitMs) return undefined;
    return this.failed(
      new EtcdFault('the heartbeat key has not changed for two minutes', 'other'),
      'no event received',
    );
  }

  private failed(error: unknown, kind: QuorumError): QuorumError {
    if (!(error instanceof EtcdFault)) throw error;
    this.stage.failed(error);
    return kind;
  }
}
