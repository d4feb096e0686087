import {
  KubeError,
  type HttpMethod,
  type KubeApi,
  type KubeObject,
} from '../../src/modules/kubernetes/kube-api.js';
import type { IdentityIndex } from '../../src/modules/identity-allocator/identity-index.js';

type Identity = KubeObject & { readonly 'security-labels': Readonly<Record<string, string>> };

/** The CiliumIdentities of an API server in memory. Each watcher sees every change in order, as late as the test likes. */
export class FakeIdentities {
  readonly objects = new Map<string, Identity>();
  readonly requests: string[] = [];
  /** The coming creates: `lost`: created, but the caller gets no answer; a number is the status of a refusal. */
  readonly faults: (number | 'lost' | undefined)[] = [];
  private readonly watchers: { index: IdentityIndex; delay: () => number }[] = [];
  private version = 0;
  private seconds = 0;

  /** Lists into the index, and watches from then on. `delay`: how many turns of the event loop a change takes. */
  watch(index: IdentityIndex, delay: () => number = () => 0): void {
    for (const [name, object] of this.objects) index.upsert(name, object);
    index.synced();
    this.watchers.push({ index, delay });
  }

  readonly api: Pick<KubeApi, 'request'> = {
    request: async <T>(method: HttpMethod, path: string, options: { body?: unknown } = {}) => {
      await Promise.resolve();
      const name = path.split('/')[5];
      this.requests.push(`${method} ${name ?? (options.body as Identity).metadata.name}`);
      if (method === 'POST') return this.post(options.body as Identity) as T;
      const found = this.objects.get(name ?? '');
      if (!found) throw new KubeError('not found', 404, 'NotFound');
      if (method === 'GET') return found as T;
      this.set(options.body as Identity);
      return found as T;
    },
  };

  /** As a stranger would. */
  create(number: number, labels: Record<string, string>, annotations: Record<string, string> = {}): void {
    this.set({ metadata: { name: String(number), annotations }, 'security-labels': labels });
  }

  delete(number: number): void {
    this.objects.delete(String(number));
    this.tell((index) => index.delete(String(number)));
  }

  /** Creates so far share their second with those after them until this is called. */
  nextSecond(): void {
    this.seconds++;
  }

  private post(identity: Identity): Identity {
    const fault = this.faults.shift();
    if (typeof fault === 'number') throw new KubeError('refused', fault, 'Injected');
    if (this.objects.has(identity.metadata.name)) throw new KubeError('exists', 409, 'AlreadyExists');
    this.set(identity);
    if (fault === 'lost') throw new KubeError('no answer', 0, 'ECONNRESET');
    return identity;
  }

  private set(identity: Identity): void {
    const creationTimestamp = new Date(this.seconds * 1000).toISOString();
    const metadata = { creationTimestamp, ...identity.metadata, resourceVersion: String(++this.version) };
    const stored = { ...identity, metadata };
    this.objects.set(identity.metadata.name, stored);
    this.tell((index) => index.upsert(identity.metadata.name, stored));
  }

  private tell(event: (index: IdentityIndex) => void): void {
    for (const watcher of this.watchers) {
      const queue = this.queues.get(watcher.index) ?? Promise.resolve();
      const next = queue.then(async () => {
        for (let i = watcher.delay(); i >= 0; i--) await new Promise((resolve) => setImmediate(resolve));
        event(watcher.index);
      });
      this.queues.set(watcher.index, next);
    }
  }

  private readonly queues = new Map<IdentityIndex, Promise<void>>();

  /** Every change so far has reached every watcher. */
  async settled(): Promise<void> {
    await Promise.all(this.queues.values());
  }
}
