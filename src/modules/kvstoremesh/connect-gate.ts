import type { Clock } from '../../common/clock.js';
import type { StageSource, StageStatus } from '../../common/stage.js';
import { TokenBucket } from '../../common/token-bucket.js';

export interface ConnectGateOptions {
  /** Connections a second, of all remote clusters together; as many may come at once. */
  readonly perSecond: number;
  readonly clock: Clock;
}

const windowMs = 60_000;

/**
 * Where every attempt to open a connection to a remote cluster's endpoint passes, so that a hundred clusters that come and go together do not
 * become a storm. Each of them waits longer from attempt to attempt, too; this bounds what they do together.
 */
export class ConnectGate implements StageSource {
  private readonly bucket: TokenBucket;
  private readonly recent: number[] = [];
  private readonly openedAt: number;
  private attempts = 0;

  constructor(private readonly options: ConnectGateOptions) {
    const { perSecond, clock } = options;
    this.bucket = new TokenBucket({ rate: perSecond, burst: perSecond, clock });
    this.openedAt = clock.now();
  }

  /** Attempts so far. */
  get total(): number {
    return this.attempts;
  }

  /** Resolves false when the signal aborts first. */
  async take(signal: AbortSignal): Promise<boolean> {
    const taken = await this.bucket.take(signal);
    if (taken) {
      this.attempts++;
      this.recent.push(this.options.clock.monotonic());
      this.forget();
    }
    return taken;
  }

  stageStatus(): readonly StageStatus[] {
    this.forget();
    const waiting = this.bucket.queueLength;
    const counts = {
      attempts: this.attempts,
      attemptsInLastMinute: this.recent.length,
      waitingClusters: waiting,
      maxAttemptsPerSecond: this.options.perSecond,
    };
    const state = waiting > 0 ? 'limiting' : 'open';
    return [{ name: 'remote-connections', state, since: this.openedAt, healthy: true, counts }];
  }

  private forget(): void {
    const oldest = this.options.clock.monotonic() - windowMs;
    let old = 0;
    while ((this.recent[old] ?? Infinity) < oldest) old++;
    if (old > 0) this.recent.splice(0, old);
  }
}
