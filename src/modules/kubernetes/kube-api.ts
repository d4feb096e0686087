import type { Readable } from 'node:stream';

/** The API server, as far as this program needs it. Implemented by KubeTransport; injected by the token KUBE_API. */
export interface KubeApi {
  /**
   * One request with a JSON answer. Subject to client qps/burst.
   * @throws KubeError for an answer of 400 or more, for a broken connection (status 0) and when the deadline passes (status 0, reason `Timeout`).
   */
  request<T = unknown>(method: HttpMethod, path: string, options?: KubeRequestOptions): Promise<T>;
  /**
   * One GET whose body is read as it arrives (lists and watches). The caller must read or destroy the body; reading slowly
   * pushes back to the socket. Rejects like request() for an answer of 400 or more.
   */
  stream(path: string, options?: KubeStreamOptions): Promise<Readable>;
}

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface KubeRequestOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Default `application/json`; `application/json-patch+json`, `application/merge-patch+json` for PATCH. */
  readonly contentType?: string;
  /** Default `application/json`. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** Deadline of the whole request, ms, from when the rate limit lets it go; default 30,000. */
  readonly timeoutMs?: number;
}

export interface KubeStreamOptions {
  readonly query?: Readonly<Record<string, string>>;
  /** Default `application/json`. */
  readonly accept?: string;
  /** Ends the request, and the body too while it is being read. */
  readonly signal?: AbortSignal;
  /** Deadline until the response's headers, ms; default 30,000. */
  readonly headersTimeoutMs?: number;
}

/** A refused or failed request. `status` 0: no answer at all (connection, TLS, DNS, deadline). */
export class KubeError extends Error {
  constructor(
    message: string,
    readonly status: number,
    /** The Status object's reason (`Expired`, `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`…), or an errno (`ECONNREFUSED`). */
    readonly reason: string,
    /** From the header Retry-After, ms. */
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'KubeError';
  }
}

export const KUBE_API = Symbol('KubeApi');

/** Where a kind is served. One table of these: resources.ts. */
export interface ResourceRef {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower-case plural, e.g. `ciliumendpoints`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly ownerReferences?: readonly unknown[];
}

/** Any object as the API server sends it: nothing but metadata is known to be well-formed. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/**
 * What a reflector feeds. Calls are synchronous and come in the order of the API server; the sink must not keep the object
 * (invariant I6), only what it derived from it. Object keys are `name` or `namespace/name`.
 *
 *     first list:  upsert* synced          later:  (upsert | delete)*          relist:  upsert* delete* (for what is gone)
 */
export interface ResourceSink<T extends KubeObject = KubeObject> {
  upsert(key: string, object: T): void;
  delete(key: string): void;
  /** Keys for which an upsert was seen and no delete: the reflector compares them with a relist. */
  keys(): Iterable<string>;
  /** Once per process: every object of the first complete list has been given to upsert(). */
  synced(): void;
}
