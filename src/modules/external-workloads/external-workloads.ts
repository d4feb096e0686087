import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { ReadinessSource, ReadinessStatus } from '../../common/readiness-source.js';
import { Stage, type StageSource, type StageStatus } from '../../common/stage.js';
import { Wakeup } from '../../common/wakeup.js';
import { type RetryPace, WorkQueue } from '../../common/work-queue.js';
import type { GuardedKv } from '../etcd/guarded-kv.js';
import type { Kv, KvWatcher, LeasePool } from '../etcd/kv.js';
import type { IdentityAllocator } from '../identity-allocator/identity-allocator.js';
import { ComplaintBook } from '../k8s-sync/complaint-book.js';
import { resources } from '../kubernetes/resources.js';
import { readObject, type Requests } from './object-access.js';
import { Refused } from './refused.js';
import { RegisterKeys } from './register-keys.js';
import { type RequestBudget, RegisterWriter } from './register-writer.js';
import { Registrar, type RegistrationStep } from './registrar.js';
import { classifyFailure } from './retry-pace.js';
import type { ClusterIds } from './workload-answer.js';
import { WorkloadPublisher } from './workload-publisher.js';
import { WorkloadStore } from './workload-store.js';

export type RegistrationResult = Exclude<RegistrationStep, 'nothing'> | 'failed';

export interface ExternalWorkloadsOptions {
  readonly api: Requests;
  readonly kv: Pick<Kv, 'range'>;
  readonly guarded: GuardedKv;
  readonly watcher: KvWatcher;
  readonly leases: LeasePool;
  readonly budget: RequestBudget;
  readonly allocator: IdentityAllocator;
  readonly cluster: ClusterIds;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onResult?: (result: RegistrationResult) => void;
  readonly onRejected?: (resource: string) => void;
}

export type ExternalWorkloadsState = 'waiting' | 'running';

const concurrency = 16;
/** In one request, well below the 128 operations that etcd allows by default. */
const maxBatch = 64;
/** Complaints of outages are the servers', not a workload's: no workload is named so. */
const outageKey = '(all)';

/**
 * Machines outside Kubernetes register through etcd, and become CiliumNodes and CiliumEndpoints. Two things are looked at for
 * each name, the register key and the CiliumExternalWorkload; a change of either puts the name into the queue. Names are worked
 * on side by side, so a bad one holds up no other. Nothing begins before both and the identities are known completely.
 */
export class ExternalWorkloads implements StageSource, ReadinessSource {
  /** What the reflector of CiliumExternalWorkloads feeds. */
  readonly workloads: WorkloadStore;
  private readonly keys: RegisterKeys;
  private readonly queue: WorkQueue;
  private readonly registrar: Registrar;
  private readonly complaints: ComplaintBook;
  private readonly stage: Stage<ExternalWorkloadsState>;
  private readonly progress = new Wakeup();
  private readonly startedAt: number;
  private readonly results: Record<RegistrationResult, number> = {
    answered: 0,
    published: 0,
    removed: 0,
    refused: 0,
    failed: 0,
  };

  constructor(private readonly options: ExternalWorkloadsOptions) {
    const { api, kv, guarded, watcher, leases, budget, allocator, cluster, clock, log, random } = options;
    this.startedAt = clock.now();
    this.stage = new Stage<ExternalWorkloadsState>('waiting', () => clock.now());
    this.complaints = new ComplaintBook('ciliumexternalworkloads', log, (resource) =>
      options.onRejected?.(resource),
    );
    this.queue = new WorkQueue({
      clock,
      random,
      concurrency,
      work: (name, signal) => this.work(name, signal),
      failed: (name, error) => this.failed(name, error),
    });
    const onChange = (name: string): void => this.queue.add(name);
    this.workloads = new WorkloadStore(onChange, () => this.progress.wake());
    this.keys = new RegisterKeys({ kv, watcher, clock, log, random, onChange });
    this.registrar = new Registrar({
      keys: this.keys,
      workloads: this.workloads,
      allocator,
      writer: new RegisterWriter({ kv: guarded, leases, budget, clock, maxBatch }),
      publisher: new WorkloadPublisher(api),
      cluster,
      exists: async (name, signal) =>
        (await readObject(api, resources.ciliumexternalworkloads, { name }, signal)) !== undefined,
    });
    allocator.onReady(() => this.progress.wake());
    allocator.onLost(onChange);
  }

  /** Follows the register keys until the signal aborts. Rejects only for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    const watching = this.keys.run(signal, () => this.progress.wake());
    while (!signal.aborted && this.waitingFor() !== '') await this.progress.wait(signal);
    if (!signal.aborted) this.stage.transition('running');
    await Promise.all([watching, this.queue.run(signal)]);
  }

  /** An object that was made for this workload is gone; it may be needed again. */
  recheck(name: string): void {
    if (this.workloads.get(name)) this.queue.add(name);
  }

  /** Looks at every workload and every registration anew. */
  resync(): void {
    for (const name of this.keys.names()) this.queue.add(name);
    for (const name of this.workloads.keys()) this.queue.add(name);
    this.options.allocator.resync();
  }

  readiness(): readonly ReadinessStatus[] {
    const waitingFor = this.waitingFor();
    const ready = waitingFor === '';
    const since = ready ? this.stage.since : this.startedAt;
    return [{ scope: 'external-workloads', ready, waitingFor, since }];
  }

  stageStatus(): readonly StageStatus[] {
    const { stage, keys, workloads, queue, complaints, results } = this;
    return [
      {
        name: 'external-workloads',
        state: stage.state,
        since: stage.since,
        healthy: stage.state === 'running' && keys.connected,
        ...(stage.lastError ? { lastError: stage.lastError } : {}),
        counts: {
          workloads: workloads.size,
          registrations: keys.size,
          queued: queue.size,
          failing: queue.failing,
          complaints: complaints.size,
          ...results,
        },
      },
    ];
  }

  /** Readiness waits for what must be known, not for single workloads. */
  private waitingFor(): string {
    if (!this.options.allocator.ready) return 'the first complete list of ciliumidentities';
    if (!this.workloads.complete)
      return `the first complete list of ciliumexternalworkloads (${this.workloads.size} objects so far)`;
    return this.keys.listed ? '' : 'etcd to tell the registrations of external workloads';
  }

  private async work(name: string, signal: AbortSignal): Promise<void> {
    const { step, complaints } = await this.registrar.register(name, signal);
    this.complaints.note(name, complaints);
    this.complaints.close(outageKey);
    if (step === 'nothing') return;
    this.count(step);
    if (step !== 'refused') this.options.log.debug(`CEW: registration ${step}`, { workload: name });
  }

  private failed(name: string, error: unknown): RetryPace {
    const failure = classifyFailure(error);
    if (!failure || !(error instanceof Error)) throw error;
    this.count('failed');
    this.stage.failed(error);
    const fields = error instanceof Refused ? error.fields : {};
    const message = error instanceof Refused ? error.message : 'CEW: registration failed. Retrying...';
    const text = error instanceof Refused ? {} : { error: error.message };
    this.complaints.note(failure.kind === 'outage' ? outageKey : name, [
      { message, fields: { ...fields, ...text } },
    ]);
    return failure.pace;
  }

  private count(result: RegistrationResult): void {
    this.results[result]++;
    this.options.onResult?.(result);
  }
}
