import { type KubeApi, KubeError, type KubeObject } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';

/** A Secret of texts. */
export interface StoredSecret {
  readonly data: Readonly<Record<string, string>>;
  /** As Kubernetes has it. */
  readonly object: KubeObject & { readonly data?: Readonly<Record<string, string>> };
}

export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

/** Secrets by name: its rights are get and update of those names, and create. */
export class SecretStore {
  constructor(private readonly api: Pick<KubeApi, 'request'>) {}

  async get(place: SecretPlace): Promise<StoredSecret | undefined> {
    try {
      const object = await this.api.request<StoredSecret['object']>('GET', this.path(place));
      const data = Object.entries(object.data ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, 'base64').toString('utf8'),
      ]);
      return { data: Object.fromEntries(data) as Record<string, string>, object };
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  /**
   * Creates it, or changes these keys of the one that was read and leaves all else of it alone.
   * @returns false when somebody else was faster: read again and decide again.
   */
  async write(
    { namespace, name }: SecretPlace,
    before: StoredSecret | undefined,
    type: string,
    data: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    const encoded = Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    );
    try {
      if (before) {
        const body = { ...before.object, data: { ...before.object.data, ...encoded } };
        await this.api.request('PUT', this.path({ namespace, name }), { body });
      } else {
        const body = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, type, data: encoded };
        await this.api.request('POST', resourcePath(resources.secrets, { namespace }), { body });
      }
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 409) return false;
      throw error;
    }
  }

  private path(place: SecretPlace): string {
    return resourcePath(resources.secrets, place);
  }
}
