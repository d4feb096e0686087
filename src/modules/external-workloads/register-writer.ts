import type { Bytes } from '../../common/bytes.js';
import { EtcdFault, type KvEntry, type LeaseId, type LeasePool } from '../etcd/kv.js';
import type { GuardedKv, GuardedWrite } from '../etcd/guarded-kv.js';
import type { Clock } from '../../common/clock.js';

/** The etcd request budget that is shared with the mirror's writer. */
export interface RequestBudget {
  take(signal?: AbortSignal): Promise<boolean>;
  request(durationMs: number, outcome: 'success' | 'fail'): void;
}

export interface RegisterWriterOptions {
  readonly kv: GuardedKv;
  readonly leases: LeasePool;
  readonly budget: RequestBudget;
  readonly clock: Clock;
  /** Writes in one request. */
  readonly maxBatch: number;
}

interface Pending {
  readonly write: GuardedWrite;
  resolve(done: boolean): void;
  reject(error: unknown): void;
}

/**
 * Writes register keys, which the workloads' agents write too, whole record by whole record. So this is no mirrored state: a
 * desired value would be put over an agent's newer record, and a "repair" would fight with it. Each write holds only while the
 * key is as it was read; otherwise somebody wrote meanwhile, and what that is will be looked at on its own.
 *
 * An answer hangs on a lease of ours. When that lease is lost, the key goes, and it need not be brought back: an agent that
 * already has the answer puts its complete record as soon as it sees the key deleted; one that waits puts its request again,
 * as the key differs from what it wants there, and is answered again. Either way the present record decides.
 */
export class RegisterWriter {
  private pending: Pending[] = [];
  private draining: Promise<void> | undefined;
  /** The lease of ours that each answered key counts on, until another writes the key or it goes. */
  private readonly counted = new Map<Bytes, LeaseId>();

  constructor(private readonly options: RegisterWriterOptions) {}

  /** False: somebody else wrote the key meanwhile. @throws EtcdFault. */
  async answer(seen: KvEntry, value: Bytes, signal: AbortSignal): Promise<boolean> {
    const lease = await this.lease();
    const { key, modRevision } = seen;
    try {
      const written = await this.write({ op: { type: 'put', key, value, lease }, modRevision }, signal);
      if (written) this.count(key, lease);
      else this.options.leases.release(lease);
      return written;
    } catch (error) {
      this.options.leases.release(lease);
      if (error instanceof EtcdFault && error.kind === 'lease-not-found')
        await this.options.leases.check([lease]);
      throw error;
    }
  }

  /** False: somebody else wrote the key meanwhile. @throws EtcdFault. */
  remove({ key, modRevision }: KvEntry, signal: AbortSignal): Promise<boolean> {
    return this.write({ op: { type: 'delete', key }, modRevision }, signal);
  }

  /** The key is as given now: one that left our lease is no longer counted on it. */
  observed(key: Bytes, entry: KvEntry | undefined): void {
    const lease = this.counted.get(key);
    if (lease === undefined || entry?.lease === lease) return;
    this.counted.delete(key);
    this.options.leases.release(lease);
  }

  private count(key: Bytes, lease: LeaseId): void {
    const before = this.counted.get(key);
    if (before !== undefined) this.options.leases.release(before);
    this.counted.set(key, lease);
  }

  private async lease(): Promise<LeaseId> {
    for (;;) {
      const lease = this.options.leases.take();
      if (lease !== undefined) return lease;
      await this.options.leases.grow();
    }
  }

  private write(write: GuardedWrite, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.pending.push({ write, resolve, reject });
      this.draining ??= this.drain(signal).finally(() => (this.draining = undefined));
    });
  }

  /** While one request waits for the budget or for etcd, the next one fills. */
  private async drain(signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    while (this.pending.length > 0) {
      const admitted = await this.options.budget.take(signal);
      const batch = this.pending.splice(0, this.options.maxBatch);
      if (admitted) await this.send(batch, signal);
      else for (const { reject } of batch) reject(new EtcdFault('cancelled', 'aborted'));
    }
  }

  private async send(batch: readonly Pending[], signal: AbortSignal): Promise<void> {
    const { kv, budget, clock } = this.options;
    const started = clock.monotonic();
    try {
      const done = await kv.writeUnchanged(
        batch.map(({ write }) => write),
        { signal },
      );
      budget.request(clock.monotonic() - started, 'success');
      batch.forEach(({ resolve }, index) => resolve(done[index] ?? false));
    } catch (error) {
      budget.request(clock.monotonic() - started, 'fail');
      for (const { reject } of batch) reject(error);
    }
  }
}
