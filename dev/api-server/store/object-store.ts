import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { alreadyExists, badRequest, conflict, invalid, notFound } from '../api-error.js';
import type { ServerVersion } from '../server-version.js';
import { ClusterIps } from './cluster-ips.js';
import { Collection, type Change } from './collection.js';
import { defaulters, heldClusterIps } from './defaults.js';
import { isRecord, objectKey, type DocumentMeta, type KubeDocument } from './kube-document.js';
import { apiVersionOf, ResourceTable, type Resource } from './resource-table.js';
import { decodeObject, encodeObject, restamp, type StoredObject } from './stored-object.js';

export interface UpdateOptions {
  /**
   * `object`: what PUT on an object may change (not its status, if that is a subresource). `status`: only the status.
   * `all`: both, whatever the resourceVersion: for the owner of this process.
   */
  readonly part: 'object' | 'status' | 'all';
}

export interface Preconditions {
  readonly uid?: unknown;
  readonly resourceVersion?: unknown;
}

/** All objects, by resource, under one counter of revisions. Knows what a write does to an object; knows no HTTP. */
export class ObjectStore {
  readonly resources: ResourceTable;
  private readonly collections = new Map<string, Collection>();
  private readonly clusterIps = new ClusterIps();
  private counter = 1;

  constructor(
    private readonly version: ServerVersion,
    private readonly historyLimit: number,
  ) {
    this.resources = new ResourceTable(version);
  }

  /** The revision of the newest change. */
  get revision(): number {
    return this.counter;
  }

  collection({ group, plural }: { readonly group: string; readonly plural: string }): Collection {
    const key = `${group}/${plural}`;
    const present = this.collections.get(key);
    if (present) return present;
    const created = new Collection(this.historyLimit);
    // Its past is empty, not unknown: it may be watched from any revision.
    this.collections.set(key, created);
    return created;
  }

  /** @throws ApiError NotFound */
  get(resource: Resource, key: string): StoredObject {
    const stored = this.collection(resource).get(key);
    if (!stored) throw notFound(resource, nameIn(key));
    return stored;
  }

  /** @throws ApiError AlreadyExists, Invalid, BadRequest */
  create(resource: Resource, document: KubeDocument, { part }: UpdateOptions): StoredObject {
    const metadata = this.namedMetadata(resource, document.metadata);
    if (isSet(metadata.resourceVersion) && part !== 'all') {
      throw badRequest('resourceVersion should not be set on objects to be created');
    }
    if (this.collection(resource).get(objectKey(metadata.namespace, metadata.name))) {
      throw alreadyExists(resource, metadata.name);
    }
    const object: KubeDocument = {
      ...document,
      metadata: {
        ...metadata,
        uid: randomUUID(),
        creationTimestamp: timestamp(),
        ...(resource.custom ? { generation: 1 } : {}),
      },
    };
    if (resource.statusSubresource && part === 'object') delete object.status;
    this.complete(resource, object);
    const stored = encodeObject(object, ++this.counter);
    this.commit(resource, { type: 'ADDED', object: stored });
    return stored;
  }

  /**
   * Replaces an object, under its resourceVersion if it has one. Equal content changes nothing, not even the revision.
   * @throws ApiError NotFound, Conflict, Invalid
   */
  update(resource: Resource, document: KubeDocument, options: UpdateOptions): StoredObject {
    const { name, namespace } = document.metadata;
    const previous = this.get(resource, objectKey(namespace, name));
    const before = decodeObject(previous);
    if (options.part !== 'all') checkPreconditions(resource, document, before);
    const next = merged(resource, document, before, options);
    this.complete(resource, next, before);
    if (resource.custom) next.metadata.generation = generation(next, before);
    if (isDeepStrictEqual(decodeObject(encodeObject(next, previous.revision)), before)) return previous;
    const object = encodeObject(next, ++this.counter);
    this.commit(resource, { type: 'MODIFIED', object, previous });
    if (isSet(next.metadata.deletionTimestamp) && !hasFinalizers(next)) this.erase(resource, object);
    return object;
  }

  /**
   * Removes an object, or marks it as being deleted while it has finalizers.
   * @throws ApiError NotFound, Conflict
   */
  delete(resource: Resource, key: string, preconditions: Preconditions = {}): StoredObject {
    const present = this.get(resource, key);
    const document = decodeObject(present);
    for (const field of ['uid', 'resourceVersion'] as const) {
      const wanted = preconditions[field];
      if (isSet(wanted) && wanted !== document.metadata[field]) {
        const had = String(document.metadata[field]);
        const why = `Precondition failed: ${field} in precondition: ${String(wanted)}, in object meta: ${had}`;
        throw conflict(resource, present.name, why);
      }
    }
    if (!hasFinalizers(document) || resource.kind === 'Namespace') return this.erase(resource, present);
    if (isSet(document.metadata.deletionTimestamp)) return present;
    document.metadata.deletionTimestamp = timestamp();
    const object = encodeObject(document, ++this.counter);
    this.commit(resource, { type: 'MODIFIED', object, previous: present });
    return object;
  }

  /** Forgets all history: reading at or watching from an older revision is Expired from now on. */
  compact(): void {
    for (const resource of this.resources.all()) this.collection(resource);
    for (const collection of this.collections.values()) collection.compact(this.counter);
  }

  private erase(resource: Resource, previous: StoredObject): StoredObject {
    const object = restamp(previous, ++this.counter);
    if (resource.kind === 'Service') {
      for (const ip of heldClusterIps(decodeObject(previous))) this.clusterIps.release(ip);
    }
    this.commit(resource, { type: 'DELETED', object, previous });
    return object;
  }

  private commit(resource: Resource, change: Change): void {
    this.collection(resource).apply(change);
  }

  /** Kind, version and defaults as they are stored. */
  private complete(resource: Resource, object: KubeDocument, previous?: KubeDocument): void {
    object.apiVersion = apiVersionOf(resource.group, resource.storageVersion);
    object.kind = resource.kind;
    const context = { version: this.version, clusterIps: this.clusterIps, ...(previous ? { previous } : {}) };
    if (!resource.custom) defaulters.get(resource.kind)?.(object, context);
    if (resource.kind === 'Service') for (const ip of heldClusterIps(object)) this.clusterIps.reserve(ip);
  }

  private namedMetadata(resource: Resource, metadata: DocumentMeta): DocumentMeta {
    const suffix = randomUUID().slice(0, 5);
    const name = isSet(metadata.name) ? metadata.name : `${metadata.generateName ?? ''}${suffix}`;
    if (!isSet(metadata.name) && !isSet(metadata.generateName)) {
      throw invalid(resource, '', 'metadata.name: Required value: name or generateName is required');
    }
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name) || name.length > 253) {
      const why = `metadata.name: Invalid value: "${name}": a DNS-1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`;
      throw invalid(resource, name, why);
    }
    return { ...metadata, name };
  }
}

function checkPreconditions(resource: Resource, document: KubeDocument, before: KubeDocument): void {
  const { name, resourceVersion, uid } = document.metadata;
  if (!isSet(resourceVersion) && resource.custom) {
    throw invalid(
      resource,
      name,
      'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    );
  }
  if (isSet(uid) && uid !== before.metadata.uid) {
    const had = String(before.metadata.uid);
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${had}`,
    );
  }
  if (isSet(resourceVersion) && resourceVersion !== before.metadata.resourceVersion) {
    const why = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(resource, name, why);
  }
}

/** The part that the caller may change from the new object, the rest from the old. */
function merged(
  resource: Resource,
  document: KubeDocument,
  before: KubeDocument,
  { part }: UpdateOptions,
): KubeDocument {
  const { uid, creationTimestamp, deletionTimestamp, generation: generationBefore } = before.metadata;
  const kept = { uid, creationTimestamp, deletionTimestamp, generation: generationBefore };
  const set = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  if (part === 'status') return { ...structuredClone(before), status: document.status };
  const next: KubeDocument = { ...document, metadata: { ...document.metadata, ...set } };
  if (resource.statusSubresource && (part === 'object' || !('status' in document))) {
    delete next.status;
    if ('status' in before) next.status = structuredClone(before.status);
  }
  return next;
}

/** Counts changes of everything but metadata, and but status where that is a subresource. */
function generation(next: KubeDocument, before: KubeDocument): number {
  const content = ({ metadata: _metadata, status: _status, ...rest }: KubeDocument): unknown => rest;
  const last = before.metadata.generation ?? 1;
  return isDeepStrictEqual(content(next), content(before)) ? last : last + 1;
}

function hasFinalizers({ metadata }: KubeDocument): boolean {
  return (metadata.finalizers?.length ?? 0) > 0;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** RFC 3339 in seconds. */
function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

export function isDocument(value: unknown): value is KubeDocument {
  return isRecord(value) && isRecord(value.metadata);
}
