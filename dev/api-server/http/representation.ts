import { ApiError } from '../api-error.js';
import { decodeObject, type StoredObject } from '../store/stored-object.js';
import { apiVersionOf, type Resource } from '../store/resource-table.js';

const metaVersion = 'meta.k8s.io/v1';

/** How objects are written in an answer. */
export interface Representation {
  /** One object by itself, or in an event. */
  object(stored: StoredObject): Buffer;
  /** One object in a list. */
  item(stored: StoredObject): Buffer;
  readonly listKind: string;
  readonly listApiVersion: string;
  /** Lists of custom kinds have their metadata after the items, all others before them, as real servers write them. */
  readonly metadataLast: boolean;
}

/**
 * Chosen by the header Accept: whole objects, or only their metadata (`as=PartialObjectMetadata[List];g=meta.k8s.io;v=v1`).
 * @throws ApiError 406 if nothing of what is asked for can be given.
 */
export function representationFor(accept: string, resource: Resource, version: string): Representation {
  const alternatives = (accept === '' ? '*/*' : accept).split(',').map((one) => one.trim());
  for (const alternative of alternatives) {
    const [type = '', ...parameters] = alternative.split(';').map((part) => part.trim());
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice('as='.length);
    if (as === undefined) return whole(resource, version);
    if (['PartialObjectMetadata', 'PartialObjectMetadataList'].includes(as)) return metadataOnly;
  }
  throw new ApiError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  );
}

function whole(resource: Resource, version: string): Representation {
  const listApiVersion = apiVersionOf(resource.group, version);
  const object =
    version === resource.storageVersion
      ? (stored: StoredObject): Buffer => stored.body
      : (stored: StoredObject): Buffer => inVersion(stored, resource.kind, listApiVersion);
  const item = resource.custom
    ? object
    : (stored: StoredObject): Buffer => Buffer.concat([brace, stored.body.subarray(stored.afterHeader)]);
  return { object, item, listKind: `${resource.kind}List`, listApiVersion, metadataLast: resource.custom };
}

const brace = Buffer.from('{');

/** Another version of a kind differs in nothing but its name here: fields are as they were written. */
function inVersion({ body, afterHeader }: StoredObject, kind: string, apiVersion: string): Buffer {
  const header = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
  return Buffer.concat([Buffer.from(header), body.subarray(afterHeader)]);
}

const metadataOnly: Representation = {
  object: partial,
  item: partial,
  listKind: 'PartialObjectMetadataList',
  listApiVersion: metaVersion,
  metadataLast: false,
};

function partial(stored: StoredObject): Buffer {
  const { metadata } = decodeObject(stored);
  return Buffer.from(JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: metaVersion, metadata }));
}
