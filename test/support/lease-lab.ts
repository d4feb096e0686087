import {
  KubeError,
  type HttpMethod,
  type KubeApi,
  type KubeRequestOptions,
} from '../../src/modules/kubernetes/kube-api.js';
import { LeaderElection } from '../../src/modules/leader-election/leader-election.js';
import type { LeaseObject } from '../../src/modules/leader-election/lease-lock.js';
import { silentLog } from '../../src/common/log.js';
import type { Clock } from '../../src/common/clock.js';

/** How a request fares; `lost`: it takes place, but its answer does not arrive. */
export type Weather = 'fine' | 'lost' | 'refused';

/** One Lease as a Kubernetes API keeps it, in memory: absent at first, and a write over another version is a conflict. */
export class FakeLease {
  lease: LeaseObject | undefined;
  /** Of each candidate's next requests. */
  weather: (identity: string) => Weather = () => 'fine';
  private version = 0;

  api(identity: string): Pick<KubeApi, 'request'> {
    return {
      request: async <T>(method: HttpMethod, _path: string, options?: KubeRequestOptions): Promise<T> => {
        const weather = this.weather(identity);
        if (weather === 'refused') throw new KubeError('no connection', 0, 'ECONNREFUSED');
        const answer = structuredClone(this.serve(method, options?.body as LeaseObject));
        await Promise.resolve();
        if (weather === 'lost') throw new KubeError('no answer', 0, 'Timeout');
        return answer as T;
      },
    };
  }

  private serve(method: HttpMethod, body: LeaseObject): LeaseObject {
    if (method === 'POST') {
      if (this.lease) throw new KubeError('there is one', 409, 'AlreadyExists');
      return this.store(body);
    }
    if (!this.lease) throw new KubeError('there is none', 404, 'NotFound');
    if (method === 'GET') return this.lease;
    if (body.metadata.resourceVersion !== this.lease.metadata.resourceVersion)
      throw new KubeError('it has changed', 409, 'Conflict');
    return this.store(body);
  }

  private store(body: LeaseObject): LeaseObject {
    this.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(++this.version) } };
    return this.lease;
  }
}

export function candidate(
  lease: FakeLease,
  identity: string,
  clock: Clock,
  random = () => 0,
): LeaderElection {
  return new LeaderElection({
    api: lease.api(identity),
    namespace: 'kube-system',
    leaseName: 'writers',
    identity,
    clock,
    log: silentLog,
    random,
  });
}
