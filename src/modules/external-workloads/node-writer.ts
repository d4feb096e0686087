import type { KubeObject } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';
import { fieldsOf } from '../k8s-sync/projections/fields.js';
import { readObject, type Requests, sameContent, untilUndisturbed } from './object-access.js';
import { Refused } from './refused.js';
import type { NodeSpec, OwnerReference } from './workload-objects.js';

export interface WantedNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Given to a node that is created; others may have changed them since. */
  readonly annotations: ReadonlyMap<string, string>;
  readonly owner: OwnerReference;
  readonly spec: NodeSpec;
  /** It was never published before: worth a create without looking first. */
  readonly fresh: boolean;
}

const ref = resources.ciliumnodes;

/** Keeps a workload's CiliumNode (spec/external-workloads.md §4.2). */
export class NodeWriter {
  constructor(private readonly api: Requests) {}

  /**
   * Returns the node's uid. `beforeUpdate` is given the labels that it had, before they are replaced.
   * @throws Refused when the node is not the workload's; KubeError.
   */
  ensure(
    wanted: WantedNode,
    beforeUpdate: (labels: Readonly<Record<string, string>>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<string> {
    let fresh = wanted.fresh;
    const read = async (): Promise<KubeObject | undefined> => {
      const present = fresh ? undefined : await readObject(this.api, ref, wanted, signal);
      fresh = false;
      return present;
    };
    return untilUndisturbed(read, async (present) => {
      if (!present) return this.create(wanted, signal);
      const next = updated(present, wanted);
      if (!sameContent(present, next)) {
        await beforeUpdate(present.metadata.labels ?? {});
        await this.api.request('PUT', resourcePath(ref, wanted), { body: next, signal });
      }
      return present.metadata.uid ?? '';
    });
  }

  private async create(wanted: WantedNode, signal: AbortSignal): Promise<string> {
    const { name, labels, annotations, owner, spec } = wanted;
    const metadata = {
      name,
      labels: Object.fromEntries(labels),
      ...(annotations.size === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
      ownerReferences: [owner],
    };
    const body = { kind: 'CiliumNode', apiVersion: 'cilium.io/v2', metadata, spec };
    const created = await this.api.request<KubeObject>('POST', resourcePath(ref), { body, signal });
    return created.metadata.uid ?? '';
  }
}

/** What others put there, in the spec or among the owners, stays. */
function updated(present: KubeObject, { name, labels, owner, spec }: WantedNode): KubeObject {
  const owners = (present.metadata.ownerReferences ?? []) as readonly OwnerReference[];
  const isWorkload = (one: OwnerReference): boolean => one.kind === owner.kind && one.name === owner.name;
  if (!owners.some(isWorkload)) {
    const kinds = owners.map(({ kind, name: of }) => `${kind} ${of}`).join(', ') || 'nobody';
    throw new Refused('CEW: a CiliumNode of this name belongs to another owner, not touching it', {
      node: name,
      owner: kinds,
    });
  }
  // The uid of a workload that was deleted and created again would let the garbage collector take the node.
  const ownerReferences = [owner, ...owners.filter((one) => !isWorkload(one))];
  const before = fieldsOf((present as { spec?: unknown }).spec);
  const { podCIDRs: _podCIDRs, ...ipam } = fieldsOf(before['ipam']);
  const { bootid: _bootId, ...rest } = before;
  const next = {
    ...present,
    metadata: { ...present.metadata, labels: Object.fromEntries(labels), ownerReferences },
    spec: { ...rest, ...spec, ipam: { ...ipam, ...spec.ipam } },
  };
  return next;
}
