import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { StartError } from '../../common/start-error.js';
import { type KubeApi, KubeError } from '../kubernetes/kube-api.js';
import { LeaseLock, type LeaseObject, type LeaseRecord, type LockCall } from './lease-lock.js';

/** candidate: the lease is not known yet. standby: another holds it. lost: held once, not any more. */
export type ElectionState = 'candidate' | 'standby' | 'leading' | 'lost' | 'released';

export interface ElectionTiming {
  /** How long others wait since they saw the last renewal. */
  readonly leaseMs: number;
  /** How long since its last renewal the leader leads; less than leaseMs by what it needs to stop writing. */
  readonly renewWithinMs: number;
  readonly retryMs: number;
}

/** client-go's. */
export const defaultTiming: ElectionTiming = { leaseMs: 15_000, renewWithinMs: 10_000, retryMs: 2_000 };

export interface LeaderElectionOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly namespace: string;
  readonly leaseName: string;
  /** Unique to this process: a restarted one is another candidate. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly timing?: ElectionTiming;
}

/** Retries of candidates are spread over 1 to 2.2 times the period, as client-go's. */
const jitter = 1.2;

/**
 * At most one of the processes that share a Lease leads, by client-go's rules and on its objects. Time is only ever measured
 * on one's own monotonic clock: a candidate takes the lease when it has seen it unchanged for the whole lease, a leader counts
 * its time from the moment before it asked for the renewal. So they overlap only if a leader goes on for longer than
 * leaseMs − renewWithinMs after isLeading() has turned false.
 */
export class LeaderElection implements StageSource {
  private readonly stage: Stage<ElectionState>;
  private readonly lock: LeaseLock;
  private readonly timing: ElectionTiming;
  /** What was seen last, and when (monotonic) it was first seen so. */
  private seen: { readonly version: string; readonly lease: LeaseObject; readonly at: number } | undefined;
  private leadsUntil = -Infinity;
  private renewals = 0;
  private failedAttempts = 0;

  constructor(private readonly options: LeaderElectionOptions) {
    this.stage = new Stage<ElectionState>('candidate', () => options.clock.now());
    this.lock = new LeaseLock({ api: options.api, namespace: options.namespace, name: options.leaseName });
    this.timing = options.timing ?? defaultTiming;
  }

  get state(): ElectionState {
    return this.stage.state;
  }

  /** Whether this process may write now. */
  isLeading(): boolean {
    return this.stage.state === 'leading' && this.options.clock.monotonic() < this.leadsUntil;
  }

  /** Resolves when this process leads, which may be never, or when the signal aborts. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.options;
    const lease = this.leasePath;
    log.info('Waiting to lead', { lease, identity: this.options.identity });
    while (!signal.aborted) {
      if (await this.attempt(clock.monotonic() + this.timing.renewWithinMs, signal)) {
        this.stage.transition('leading');
        log.info('Leading: this replica writes now', { lease, identity: this.options.identity });
        return;
      }
      await clock.sleep(this.timing.retryMs * (1 + jitter * random()), signal);
    }
  }

  /** Renews until the signal aborts. @throws StartError when the lease is lost: nothing may be written any more. */
  async hold(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    while (!signal.aborted) {
      await clock.sleep(Math.min(this.timing.retryMs, this.leadsUntil - clock.monotonic()), signal);
      if (signal.aborted) return;
      if (clock.monotonic() < this.leadsUntil) await this.attempt(this.leadsUntil, signal);
      if (!this.isLeading() && !signal.aborted) throw this.lost();
    }
  }

  /** Lets the next one lead at once. Call it when nothing is written any more; it fails silently but for a log line. */
  async release(): Promise<void> {
    const { clock, log } = this.options;
    if (!this.isLeading() || !this.seen) return;
    const timeoutMs = this.leadsUntil - clock.monotonic();
    this.stage.transition('released');
    const now = microTime(clock.now());
    const free = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      await this.lock.update(this.seen.lease, free, { timeoutMs: Math.min(timeoutMs, 5_000) });
      log.info('Lease released', { lease: this.leasePath });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      log.warn('Lease not released: the next leader waits for its end', { lease: this.leasePath, error });
    }
  }

  stageStatus(): readonly StageStatus[] {
    const { state, since, lastError } = this.stage;
    const { renewals, failedAttempts } = this;
    return [
      {
        name: 'leader-election',
        state,
        since,
        healthy: state === 'standby' || this.isLeading(),
        ...(lastError === undefined ? {} : { lastError }),
        counts: { renewals, failedAttempts },
        details: {
          lease: this.leasePath,
          identity: this.options.identity,
          holder: this.seen?.lease.spec?.holderIdentity || null,
        },
      },
    ];
  }

  private get leasePath(): string {
    return `${this.options.namespace}/${this.options.leaseName}`;
  }

  /** One try to take or renew the lease; what fails is tried again by the next. `until` is monotonic. */
  private async attempt(until: number, signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.options;
    const call = (): LockCall => {
      const left = until - clock.monotonic();
      if (left <= 0) throw new KubeError('no time is left for it', 0, 'Timeout');
      return { signal, timeoutMs: Math.min(this.timing.renewWithinMs / 2, left) };
    };
    try {
      return await this.takeOrRenew(call);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (signal.aborted) return false;
      this.failedAttempts++;
      const news = this.stage.lastError?.message !== error.message;
      this.stage.failed(error);
      // What was written last may have arrived after all.
      this.forget();
      if (news)
        log.warn('The lease could not be read or written. Retrying...', { lease: this.leasePath, error });
      return false;
    }
  }

  private async takeOrRenew(call: () => LockCall): Promise<boolean> {
    const known = this.ownLease();
    const present = known ?? (await this.lock.get(call()));
    if (present) this.observe(present);
    const asked = this.options.clock.monotonic();
    if (!this.mayTake(present, asked)) {
      this.follow();
      return false;
    }
    if (await this.write(present, call)) {
      this.leadsUntil = asked + this.timing.renewWithinMs;
      this.renewals++;
      return true;
    }
    this.forget();
    return known ? this.takeOrRenew(call) : false;
  }

  /** As this process wrote it last, if nothing speaks against it: a renewal needs no read then. */
  private ownLease(): LeaseObject | undefined {
    return this.state === 'leading' && this.seen?.version !== '' ? this.seen?.lease : undefined;
  }

  private async write(present: LeaseObject | undefined, call: () => LockCall): Promise<boolean> {
    const spec = this.record(present?.spec, this.options.identity);
    const written = present
      ? await this.lock.update(present, spec, call())
      : await this.lock.create(spec, call());
    if (written) this.observe(written);
    return written !== undefined;
  }

  /** A leader keeps what is its own and takes nothing: who has lost the lease ends. */
  private mayTake(lease: LeaseObject | undefined, now: number): boolean {
    const { holderIdentity, leaseDurationSeconds } = lease?.spec ?? {};
    if (holderIdentity === this.options.identity) return true;
    if (this.state === 'leading') return false;
    if (!holderIdentity) return true;
    const theirs = (leaseDurationSeconds ?? 0) * 1000;
    return now >= (this.seen?.at ?? now) + Math.max(this.timing.leaseMs, theirs);
  }

  private observe(lease: LeaseObject): void {
    const version = lease.metadata.resourceVersion ?? '';
    const record = JSON.stringify(lease.spec);
    const before = this.seen;
    const same = before !== undefined && JSON.stringify(before.lease.spec) === record;
    const at = same ? before.at : this.options.clock.monotonic();
    this.seen = { version, lease, at };
  }

  /** The next attempt reads the lease before it writes. */
  private forget(): void {
    if (this.seen) this.seen = { ...this.seen, version: '' };
  }

  /** Another holds the lease: for a leader that is the end. */
  private follow(): void {
    if (this.stage.state === 'leading') this.leadsUntil = -Infinity;
    else this.stage.transition('standby');
  }

  private record(present: LeaseRecord | undefined, identity: string): LeaseRecord {
    const now = microTime(this.options.clock.now());
    const renewed = { leaseDurationSeconds: Math.ceil(this.timing.leaseMs / 1000), renewTime: now };
    if (present?.holderIdentity === identity) return renewed;
    const leaseTransitions = present ? (present.leaseTransitions ?? 0) + 1 : 0;
    return { ...renewed, holderIdentity: identity, acquireTime: now, leaseTransitions };
  }

  private lost(): StartError {
    const holder = this.seen?.lease.spec?.holderIdentity;
    this.stage.transition('lost');
    const fields = { lease: this.leasePath, identity: this.options.identity, holder };
    return new StartError('Leader election lost: another replica may write now, so this process ends', {
      prefixed: false,
      fields,
      cause: this.stage.lastError?.message,
    });
  }
}

/** Kubernetes' MicroTime. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
