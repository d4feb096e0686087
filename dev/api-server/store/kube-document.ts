export interface DocumentMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string> | null;
  annotations?: Record<string, string> | null;
  finalizers?: string[] | null;
  [field: string]: unknown;
}

/** An object as a client writes and reads it. */
export interface KubeDocument {
  apiVersion: string;
  kind: string;
  metadata: DocumentMeta;
  [field: string]: unknown;
}

/** Enough of an object to find it. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The key inside its collection: `name` or `namespace/name`. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** A nested object that may be written to; an absent or null one is made first. */
export function childObject(parent: Record<string, unknown>, field: string): Record<string, unknown> {
  const present = parent[field];
  if (isRecord(present)) return present;
  const created: Record<string, unknown> = {};
  parent[field] = created;
  return created;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
