import type { KubeObject, ResourceSink } from '../kubernetes/kube-api.js';
import { type ExternalWorkload, externalWorkload } from './external-workload.js';

/** The cluster's CiliumExternalWorkloads by name, fed by their reflector. */
export class WorkloadStore implements ResourceSink {
  private readonly workloads = new Map<string, ExternalWorkload>();
  private isComplete = false;

  constructor(
    /** A workload came, went, or changed in what registrations depend on. */
    private readonly onChange: (name: string) => void,
    private readonly onComplete: () => void,
  ) {}

  /** Whether every workload of the first list is in it. */
  get complete(): boolean {
    return this.isComplete;
  }

  get size(): number {
    return this.workloads.size;
  }

  get(name: string): ExternalWorkload | undefined {
    return this.workloads.get(name);
  }

  upsert(name: string, object: KubeObject): void {
    const before = this.workloads.get(name);
    const now = externalWorkload(object);
    this.workloads.set(name, now);
    // Our own writes of the status come back here, and change nothing that is to be done.
    if (!before || relevant(before) !== relevant(now)) this.onChange(name);
  }

  delete(name: string): void {
    if (this.workloads.delete(name)) this.onChange(name);
  }

  keys(): Iterable<string> {
    return this.workloads.keys();
  }

  synced(): void {
    this.isComplete = true;
    this.onComplete();
  }
}

function relevant({ uid, labels, ipv4AllocCidr, ipv6AllocCidr }: ExternalWorkload): string {
  return JSON.stringify([uid, Object.fromEntries(labels), ipv4AllocCidr, ipv6AllocCidr]);
}
