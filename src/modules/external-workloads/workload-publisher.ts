import { type ExternalWorkload, namespaceLabel } from './external-workload.js';
import { EndpointWriter } from './endpoint-writer.js';
import { NodeWriter } from './node-writer.js';
import type { Requests } from './object-access.js';
import type { RegisterRecord } from './register-record.js';
import { StatusWriter } from './status-writer.js';
import {
  endpointStatus,
  nodeOwner,
  nodeSpec,
  type WorkloadIdentity,
  workloadOwner,
  workloadStatus,
} from './workload-objects.js';

/**
 * A complete registration as Kubernetes objects: CiliumNode, then its CiliumEndpoint, then the workload's status. Each step
 * looks at what is there, so all may be repeated after an end anywhere in between. The status comes last: a workload without
 * one was never published completely, and there is likely nothing to look at.
 */
export class WorkloadPublisher {
  private readonly nodes: NodeWriter;
  private readonly endpoints: EndpointWriter;
  private readonly statuses: StatusWriter;

  constructor(api: Requests) {
    this.nodes = new NodeWriter(api);
    this.endpoints = new EndpointWriter(api);
    this.statuses = new StatusWriter(api);
  }

  /** @throws Refused, KubeError. */
  async publish(
    workload: ExternalWorkload,
    record: RegisterRecord,
    identity: WorkloadIdentity,
    signal: AbortSignal,
  ): Promise<void> {
    const { name } = workload;
    const { nodeLabels: labels, number } = identity;
    const fresh = workload.status.id === 0;
    const namespace = labels.get(namespaceLabel) || 'default';
    const owner = workloadOwner(workload);
    const spec = nodeSpec(record, number);
    const uid = await this.nodes.ensure(
      { name, labels, annotations: record.annotations, owner, spec, fresh },
      async (before) => {
        const earlier = before[namespaceLabel];
        if (earlier && earlier !== namespace) await this.endpoints.retire(name, earlier, signal);
      },
      signal,
    );
    const status = endpointStatus(record, identity);
    await this.endpoints.ensure({ name, namespace, owner: nodeOwner(name, uid), status, fresh }, signal);
    await this.statuses.ensure(workload, workloadStatus(record, number), signal);
  }
}
