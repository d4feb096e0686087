import type { KubeObject } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';
import { readObject, type Requests, sameContent, untilUndisturbed } from './object-access.js';
import { Refused } from './refused.js';
import type { EndpointStatus, OwnerReference } from './workload-objects.js';

export interface WantedEndpoint {
  readonly name: string;
  readonly namespace: string;
  readonly owner: OwnerReference;
  readonly status: EndpointStatus;
  /** It was never published before: worth a create without looking first. */
  readonly fresh: boolean;
}

interface PatchOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

const ref = resources.ciliumendpoints;

/** Keeps a workload's CiliumEndpoint by create and JSON patch, which is all that the chart grants (spec/external-workloads.md §4.3). */
export class EndpointWriter {
  constructor(private readonly api: Requests) {}

  /** @throws Refused when the endpoint is not the workload's; KubeError, 404 when there is no such namespace. */
  ensure(wanted: WantedEndpoint, signal: AbortSignal): Promise<void> {
    let fresh = wanted.fresh;
    const read = async (): Promise<KubeObject | undefined> => {
      const present = fresh ? undefined : await readObject(this.api, ref, wanted, signal);
      fresh = false;
      return present;
    };
    return untilUndisturbed(read, async (present) => {
      const object = present ?? (await this.create(wanted, signal));
      await this.patch(wanted, difference(object, wanted), signal);
    });
  }

  /** The endpoint of another namespace gives up its addresses, which are the workload's elsewhere now; deleting is not granted. */
  async retire(name: string, namespace: string, signal: AbortSignal): Promise<void> {
    const place = { name, namespace };
    const present = await readObject(this.api, ref, place, signal);
    if (!present || !isOurs(present, name)) return;
    const value = { addressing: [] };
    if ((present as { status?: { networking?: unknown } }).status?.networking === undefined) return;
    await this.patch(place, [{ op: 'add', path: '/status/networking', value }], signal);
  }

  /** With its status, without which a patch of it is refused by some servers. */
  private create(
    { name, namespace, owner, status }: WantedEndpoint,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const metadata = { name, namespace, labels: { name }, ownerReferences: [owner] };
    const body = { kind: 'CiliumEndpoint', apiVersion: 'cilium.io/v2', metadata, status };
    return this.api.request<KubeObject>('POST', resourcePath(ref, { namespace }), { body, signal });
  }

  private async patch(
    place: { readonly name: string; readonly namespace: string },
    operations: readonly PatchOperation[],
    signal: AbortSignal,
  ): Promise<void> {
    if (operations.length === 0) return;
    const contentType = 'application/json-patch+json';
    await this.api.request('PATCH', resourcePath(ref, place), { body: operations, contentType, signal });
  }
}

function difference(
  present: KubeObject,
  { name, namespace, owner, status }: WantedEndpoint,
): PatchOperation[] {
  if (!isOurs(present, name)) {
    throw new Refused('CEW: a CiliumEndpoint of this name belongs to another owner, not touching it', {
      endpoint: `${namespace}/${name}`,
    });
  }
  const operations: PatchOperation[] = [];
  if (!sameContent((present as { status?: unknown }).status, status)) {
    // `add` replaces too, and does not mind an endpoint without a status.
    operations.push({ op: 'add', path: '/status', value: status });
  }
  if (!sameContent(present.metadata.ownerReferences, [owner])) {
    operations.push({ op: 'add', path: '/metadata/ownerReferences', value: [owner] });
  }
  return operations;
}

/** An endpoint without an owner is nobody's; one of a pod has the pod. */
function isOurs(present: KubeObject, name: string): boolean {
  const owners = (present.metadata.ownerReferences ?? []) as readonly OwnerReference[];
  return owners.every((one) => one.kind === 'CiliumNode' && one.name === name);
}
