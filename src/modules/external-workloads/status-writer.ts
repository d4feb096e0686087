import type { KubeObject } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';
import type { ExternalWorkload } from './external-workload.js';
import { readObject, type Requests, untilUndisturbed } from './object-access.js';
import type { WorkloadStatus } from './workload-objects.js';

const ref = resources.ciliumexternalworkloads;

/** Keeps the status of a CiliumExternalWorkload by PUT, as patching it is not granted (spec/external-workloads.md §4.4). */
export class StatusWriter {
  constructor(private readonly api: Requests) {}

  /** A workload that is gone, or that another of the same name replaced, is left alone. @throws KubeError. */
  ensure(workload: ExternalWorkload, status: WorkloadStatus, signal: AbortSignal): Promise<void> {
    const { id, ip = '' } = status;
    if (workload.status.id === id && workload.status.ip === ip) return Promise.resolve();
    const { name, uid } = workload;
    let version: string | undefined = workload.resourceVersion;
    const read = async (): Promise<KubeObject | undefined> => {
      // The reflector's version first: one request less, unless somebody changed the workload this very moment.
      if (version !== undefined) return { metadata: { name, uid, resourceVersion: version } };
      return readObject(this.api, ref, workload, signal);
    };
    return untilUndisturbed(read, async (present) => {
      version = undefined;
      if (present?.metadata.uid !== uid) return;
      const { resourceVersion = '' } = present.metadata;
      const metadata = { name, uid, resourceVersion };
      const body = { kind: 'CiliumExternalWorkload', apiVersion: 'cilium.io/v2', metadata, status };
      const path = resourcePath(ref, { name, subresource: 'status' });
      await this.api.request('PUT', path, { body, signal });
    });
  }
}
