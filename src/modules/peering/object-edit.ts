import { type KubeApi, KubeError, type KubeObject, type ResourceRef } from '../kubernetes/kube-api.js';
import { resourcePath } from '../kubernetes/resources.js';

/** A change of one object in one cluster that can be taken back. */
export interface Edit {
  /** For people: `secret cilium-clustermesh in cluster alpha`. */
  readonly what: string;
  /** Resolves with whether anything had to be written. */
  apply(): Promise<boolean>;
  /** Takes back what apply() wrote, or may have written when it failed, and nothing that others have written since. */
  undo(): Promise<void>;
}

export type Api = Pick<KubeApi, 'request'>;

export interface ObjectEditOptions<T> {
  readonly what: string;
  readonly api: Api;
  readonly resource: ResourceRef;
  readonly namespace: string;
  readonly name: string;
  /** What to merge into the object as it is now; undefined: it is right already. */
  change(current: T | undefined): object | undefined;
  /** The same for taking a change back, of an object that apply() changed or tried to. */
  revert(before: T | undefined, current: T): object | 'delete' | undefined;
  /** Whole, for an object that does not exist yet; absent: one that does not exist is a fault. */
  create?(change: object): object;
}

const attempts = 5;

/** An edit by merge patch under the resourceVersion that was read: a write of somebody else in between is read anew, not lost. */
export class ObjectEdit<T extends KubeObject> implements Edit {
  readonly what: string;
  private before: T | undefined;
  private written = false;

  constructor(private readonly options: ObjectEditOptions<T>) {
    this.what = options.what;
  }

  async apply(): Promise<boolean> {
    return this.attempt(async (current) => {
      const change = this.options.change(current);
      if (change === undefined) return false;
      this.before = current;
      try {
        await (current ? this.patch(current, change) : this.post(change));
        this.written = true;
      } catch (error) {
        // A refusal wrote nothing; an answer that never came says nothing.
        this.written = !(error instanceof KubeError && error.status >= 400 && error.status < 500);
        throw error;
      }
      return true;
    });
  }

  async undo(): Promise<void> {
    if (!this.written) return;
    await this.attempt(async (current) => {
      const change = current && this.options.revert(this.before, current);
      if (current && change !== undefined)
        await (change === 'delete' ? this.remove(current) : this.patch(current, change));
    });
  }

  /** Again when somebody else was quicker. */
  private async attempt<R>(step: (current: T | undefined) => Promise<R>): Promise<R> {
    for (let left = attempts; ; left--) {
      try {
        return await step(await readObject<T>(this.options.api, this.path));
      } catch (error) {
        const raced = error instanceof KubeError && error.status === 409;
        if (!raced || left === 1) throw error;
      }
    }
  }

  private async patch(current: T, change: object): Promise<void> {
    const { resourceVersion } = current.metadata;
    const body = { ...change, metadata: { resourceVersion } };
    await this.options.api.request('PATCH', this.path, { body, contentType: 'application/merge-patch+json' });
  }

  private async post(change: object): Promise<void> {
    const { api, resource, namespace, create, what } = this.options;
    if (!create) throw new Error(`${what} does not exist`);
    await api.request('POST', resourcePath(resource, { namespace }), { body: create(change) });
  }

  private async remove({ metadata: { uid, resourceVersion } }: T): Promise<void> {
    const body = { preconditions: { uid, resourceVersion } };
    await this.options.api.request('DELETE', this.path, { body });
  }

  private get path(): string {
    const { resource, namespace, name } = this.options;
    return resourcePath(resource, { namespace, name });
  }
}

/** undefined: there is none. */
export async function readObject<T>(api: Api, path: string): Promise<T | undefined> {
  try {
    return await api.request<T>('GET', path);
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}
