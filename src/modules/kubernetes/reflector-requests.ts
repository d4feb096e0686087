import type { ResourceRef } from './kube-api.js';
import { resourcePath } from './resources.js';

export interface ReflectorSubject {
  readonly resource: ResourceRef;
  readonly labelSelector?: string;
  /** Objects come with nothing but their metadata. Default false. */
  readonly metadataOnly?: boolean;
}

type Query = Readonly<Record<string, string>>;

/** What a reflector asks the API server for. */
export class ReflectorRequests {
  readonly path: string;
  private readonly selector: Query;

  constructor(private readonly subject: ReflectorSubject) {
    this.path = resourcePath(subject.resource);
    this.selector = subject.labelSelector === undefined ? {} : { labelSelector: subject.labelSelector };
  }

  list(resourceVersion: string): { query: Query; accept: string } {
    return { query: { ...this.selector, resourceVersion }, accept: this.accept('PartialObjectMetadataList') };
  }

  /** @param initialEvents first every object as an ADDED event, then a bookmark that says so (Kubernetes >= 1.32). */
  watch(
    resourceVersion: string,
    timeoutSeconds: number,
    initialEvents: boolean,
  ): { query: Query; accept: string } {
    const query = {
      ...this.selector,
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(timeoutSeconds),
      resourceVersion,
      ...(initialEvents ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : {}),
    };
    return { query, accept: this.accept('PartialObjectMetadata') };
  }

  /** As client-go: plain JSON is taken too, from a server that cannot leave anything out. */
  private accept(kind: string): string {
    const json = 'application/json';
    return this.subject.metadataOnly ? `${json};as=${kind};g=meta.k8s.io;v=v1,${json}` : json;
  }
}
