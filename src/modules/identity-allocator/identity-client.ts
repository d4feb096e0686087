import { type KubeApi, KubeError, type KubeObject } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';
import { heartbeatAnnotation } from './identity-index.js';
import { identityMetadataLabels, type SecurityLabels } from './security-labels.js';

const path = (name?: string): string =>
  resourcePath(resources.ciliumidentities, name === undefined ? {} : { name });

/** The requests that the allocator makes: create, get and update are all that the chart grants. */
export class IdentityClient {
  constructor(private readonly api: Pick<KubeApi, 'request'>) {}

  /** `exists`: somebody was there before, with whatever labels. @throws KubeError. */
  async create(number: number, labels: SecurityLabels, signal: AbortSignal): Promise<'created' | 'exists'> {
    const body = {
      kind: 'CiliumIdentity',
      apiVersion: 'cilium.io/v2',
      metadata: { name: String(number), labels: identityMetadataLabels(labels) },
      'security-labels': labels,
    };
    try {
      await this.api.request('POST', path(), { body, signal });
      return 'created';
    } catch (error) {
      if (error instanceof KubeError && error.status === 409) return 'exists';
      throw error;
    }
  }

  /** The labels that it has now; undefined when it does not exist. @throws KubeError. */
  async labels(number: number, signal: AbortSignal): Promise<SecurityLabels | undefined> {
    try {
      const identity = await this.api.request<{ 'security-labels'?: SecurityLabels }>(
        'GET',
        path(String(number)),
        { signal },
      );
      return identity['security-labels'] ?? {};
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Takes the operator's mark for removal off. One that is gone has none. @throws KubeError, 409 when it was changed meanwhile. */
  async unmark(number: number, signal: AbortSignal): Promise<void> {
    try {
      const identity = await this.api.request<KubeObject>('GET', path(String(number)), { signal });
      const { [heartbeatAnnotation]: mark, ...annotations } = identity.metadata.annotations ?? {};
      if (mark === undefined) return;
      const body = { ...identity, metadata: { ...identity.metadata, annotations } };
      await this.api.request('PUT', path(String(number)), { body, signal });
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 404) throw error;
    }
  }
}
