import type { IdentityAllocator } from '../identity-allocator/identity-allocator.js';
import { type SecurityLabels, securityLabels } from '../identity-allocator/security-labels.js';
import type { KvEntry } from '../etcd/kv.js';
import type { Complaint } from '../k8s-sync/projections/projection.js';
import { type ExternalWorkload, unusableLabels, workloadLabels } from './external-workload.js';
import { UndecodableValue } from './go-json-reader.js';
import { publishedIdentity } from './published-identity.js';
import { type RegisterKeys, registerKey } from './register-keys.js';
import { decodeRegisterRecord, encodeRegisterRecord, type RegisterRecord } from './register-record.js';
import type { RegisterWriter } from './register-writer.js';
import { answerOf, type ClusterIds, overriddenRecord } from './workload-answer.js';
import type { WorkloadPublisher } from './workload-publisher.js';
import type { WorkloadStore } from './workload-store.js';

export type RegistrationStep = 'answered' | 'published' | 'removed' | 'refused' | 'nothing';

export interface RegistrarOptions {
  readonly keys: Pick<RegisterKeys, 'get'>;
  readonly workloads: Pick<WorkloadStore, 'get'>;
  readonly allocator: IdentityAllocator;
  readonly writer: RegisterWriter;
  readonly publisher: WorkloadPublisher;
  readonly cluster: ClusterIds;
  /** Asks the API server itself whether a workload exists, whatever the watch has shown yet. @throws KubeError. */
  readonly exists: (name: string, signal: AbortSignal) => Promise<boolean>;
}

export interface RegistrationOutcome {
  readonly step: RegistrationStep;
  readonly complaints: readonly Complaint[];
}

/** A registration and the workload that it is for, both as they are now. */
interface Registration {
  readonly entry: KvEntry;
  readonly record: RegisterRecord;
  readonly workload: ExternalWorkload;
  readonly labels: ReadonlyMap<string, string>;
  readonly security: SecurityLabels;
}

const nothing: RegistrationOutcome = { step: 'nothing', complaints: [] };

/**
 * Brings one workload's registration a step further, by what the register key and the CiliumExternalWorkload say now
 * (spec/external-workloads.md §3). It remembers nothing that a restart would lack: doing it again is always right.
 */
export class Registrar {
  /** Workloads that are gone and whose register key was removed; one that a VM puts again is only complained of. */
  private readonly dismissed = new Set<string>();

  constructor(private readonly options: RegistrarOptions) {}

  /** @throws Refused, KubeError, EtcdFault, IdentityRangeExhausted: try again later. */
  async register(name: string, signal: AbortSignal): Promise<RegistrationOutcome> {
    const { keys, workloads, allocator, writer } = this.options;
    const entry = keys.get(name);
    const workload = workloads.get(name);
    writer.observed(registerKey(name), entry);
    if (workload) this.dismissed.delete(name);
    else allocator.release(name);
    if (!entry) return nothing;
    const record = readRecord(entry, name);
    if ('message' in record) return { step: 'refused', complaints: [record] };
    if (!workload) return this.dismiss(name, entry, record, signal);
    const labels = workloadLabels(workload, this.options.cluster.clusterName);
    return this.proceed({ entry, record, workload, labels, security: securityLabels(labels) }, signal);
  }

  private proceed(registration: Registration, signal: AbortSignal): Promise<RegistrationOutcome> {
    const { record, labels, security } = registration;
    const unusable = unusableLabels(labels);
    if (unusable.length > 0) {
      const message = 'CEW: a label value has more than 63 characters, no identity can bear it';
      return Promise.resolve({
        step: 'refused',
        complaints: [{ message, fields: { labels: unusable.join(', ') } }],
      });
    }
    if (record.nodeIdentity === 0) return this.answer(registration, signal);
    if (record.addresses.length > 0) return this.publish(registration, signal);
    // Our own answer, which the VM has not taken up yet: its identity must not be collected meanwhile.
    const { allocator } = this.options;
    if (allocator.matches(record.nodeIdentity, security))
      allocator.hold(record.name, record.nodeIdentity, security);
    return Promise.resolve(nothing);
  }

  private async answer(
    { entry, record, workload, labels, security }: Registration,
    signal: AbortSignal,
  ): Promise<RegistrationOutcome> {
    const { allocator, writer, cluster } = this.options;
    const identity = await allocator.acquire(record.name, security, signal);
    const overridden = overriddenRecord(record, workload, labels, cluster);
    const value = encodeRegisterRecord(answerOf(overridden.record, identity));
    const answered = await writer.answer(entry, value, signal);
    return { step: answered ? 'answered' : 'nothing', complaints: overridden.complaints };
  }

  private async publish(
    { record, workload, labels }: Registration,
    signal: AbortSignal,
  ): Promise<RegistrationOutcome> {
    const { allocator, publisher, cluster } = this.options;
    const { identity, complaints } = await publishedIdentity(allocator, record.nodeIdentity, labels, signal);
    if (!identity) return { step: 'refused', complaints };
    allocator.hold(record.name, identity.number, identity.labels);
    const overridden = overriddenRecord(record, workload, labels, cluster);
    await publisher.publish(workload, overridden.record, identity, signal);
    return { step: 'published', complaints: [...complaints, ...overridden.complaints] };
  }

  /**
   * The register key of a workload that is gone. Its agent puts a key that it sees deleted again at once, so it is removed
   * once and then left to its lease. A request without an identity stays: its workload may be on its way.
   */
  private async dismiss(
    name: string,
    entry: KvEntry,
    record: RegisterRecord,
    signal: AbortSignal,
  ): Promise<RegistrationOutcome> {
    const message = `CEW: CiliumExternalWorkload resource not found for: ${name}`;
    const complaints = [{ message, fields: {} }];
    if (record.nodeIdentity === 0 || this.dismissed.has(name)) return { step: 'refused', complaints };
    if (await this.options.exists(name, signal)) return nothing;
    if (!(await this.options.writer.remove(entry, signal))) return nothing;
    this.dismissed.add(name);
    return { step: 'removed', complaints };
  }
}

function readRecord({ value }: KvEntry, name: string): RegisterRecord | Complaint {
  try {
    const record = decodeRegisterRecord(value);
    if (record.name === name) return record;
    return {
      message: 'CEW: the name in the register value is not that of its key, ignoring it',
      fields: { name: record.name },
    };
  } catch (error) {
    if (!(error instanceof UndecodableValue)) throw error;
    return {
      message: 'CEW: Unable to decode the register value, ignoring it',
      fields: { error: error.message },
    };
  }
}
