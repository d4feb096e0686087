import { type KubeApi, KubeError, type KubeObject } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';

/** `spec` of a coordination.k8s.io/v1 Lease; times are RFC 3339 with six decimals. */
export interface LeaseRecord {
  /** '' or absent: nobody holds it. */
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly acquireTime?: string | null;
  readonly renewTime?: string | null;
  readonly leaseTransitions?: number | null;
}

export interface LeaseObject extends KubeObject {
  readonly spec?: LeaseRecord;
}

export interface LeaseLockOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly namespace: string;
  readonly name: string;
}

export interface LockCall {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}

/** One Lease; who writes it over a version that has changed meanwhile is refused by Kubernetes, which is what makes it a lock. */
export class LeaseLock {
  constructor(private readonly options: LeaseLockOptions) {}

  get(call: LockCall): Promise<LeaseObject | undefined> {
    return this.unless(404, this.options.api.request<LeaseObject>('GET', this.path, call));
  }

  /** Undefined: somebody else was faster. */
  create(spec: LeaseRecord, call: LockCall): Promise<LeaseObject | undefined> {
    const { api, namespace, name } = this.options;
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name },
      spec,
    };
    const path = resourcePath(resources.leases, { namespace });
    return this.unless(409, api.request<LeaseObject>('POST', path, { ...call, body }));
  }

  /** Undefined: it has changed since it was read. */
  update(present: LeaseObject, spec: LeaseRecord, call: LockCall): Promise<LeaseObject | undefined> {
    const body = { ...present, spec: { ...present.spec, ...spec } };
    return this.unless(409, this.options.api.request<LeaseObject>('PUT', this.path, { ...call, body }));
  }

  private get path(): string {
    return resourcePath(resources.leases, this.options);
  }

  private async unless<T>(status: number, answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof KubeError && error.status === status) return undefined;
      throw error;
    }
  }
}
