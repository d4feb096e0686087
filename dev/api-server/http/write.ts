import { ApiError, badRequest, invalid, methodNotAllowed, notFound } from '../api-error.js';
import { isRecord, objectKey, type KubeDocument } from '../store/kube-document.js';
import { jsonPatch, JsonPatchError } from '../store/json-patch.js';
import { mergePatch } from '../store/merge-patch.js';
import { isDocument, type ObjectStore } from '../store/object-store.js';
import { apiVersionOf } from '../store/resource-table.js';
import { decodeObject, type StoredObject } from '../store/stored-object.js';
import type { Answer } from './answer.js';
import { filterOf } from './list-query.js';
import { representationFor } from './representation.js';
import type { RequestTarget } from './request-target.js';

export interface WriteRequest {
  readonly store: ObjectStore;
  readonly target: RequestTarget;
  readonly answer: Answer;
  readonly contentType: string;
  readonly body: Buffer;
}

/** POST, PUT, PATCH and DELETE. @throws ApiError before anything is written. */
export async function answerWrite(request: WriteRequest): Promise<void> {
  const { method } = request.answer.request;
  const { name } = request.target;
  switch (method) {
    case 'POST':
      await answerCreate(request);
      return;
    case 'PUT':
      await answerObject(request, 200, replace(request, existingName(name), readObject(request)));
      return;
    case 'PATCH':
      await answerObject(request, 200, patch(request, existingName(name)));
      return;
    case 'DELETE':
      await (name === undefined ? deleteAll(request) : deleteOne(request, name));
      return;
    default:
      throw methodNotAllowed();
  }
}

async function answerCreate(request: WriteRequest): Promise<void> {
  const { store, target } = request;
  const { resource, namespace, name } = target;
  if (name !== undefined || (resource.namespaced && namespace === undefined)) throw methodNotAllowed();
  const document = inNamespace(readObject(request), namespace);
  await answerObject(request, 201, store.create(resource, document, { part: 'object' }));
}

function existingName(name: string | undefined): string {
  if (name === undefined) throw methodNotAllowed();
  return name;
}

function replace({ store, target }: WriteRequest, name: string, authored: KubeDocument): StoredObject {
  const document = inNamespace(authored, target.namespace);
  if (document.metadata.name !== name) {
    const why = `the name of the object (${document.metadata.name}) does not match the name on the URL (${name})`;
    throw badRequest(why);
  }
  return store.update(target.resource, document, {
    part: target.subresource === 'status' ? 'status' : 'object',
  });
}

/** A patch without a resourceVersion applies to whatever is there now. */
function patch(request: WriteRequest, name: string): StoredObject {
  const { store, target } = request;
  const current = store.get(target.resource, objectKey(target.namespace, name));
  const document = decodeObject(current);
  const { version, resource } = target;
  document.apiVersion = apiVersionOf(resource.group, version);
  const patched = applyPatch(request, document);
  if (!isDocument(patched)) throw badRequest('the patch leaves no object');
  return replace(request, name, patched);
}

function applyPatch({ target, contentType, body }: WriteRequest, document: KubeDocument): unknown {
  const changes = parseJson(body);
  switch (contentType) {
    case 'application/merge-patch+json':
      return mergePatch(document, changes);
    case 'application/json-patch+json':
      try {
        return jsonPatch(document, changes);
      } catch (error) {
        if (!(error instanceof JsonPatchError)) throw error;
        throw invalid(target.resource, document.metadata.name, error.message);
      }
    default:
      throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json']);
  }
}

async function deleteOne(request: WriteRequest, name: string): Promise<void> {
  const { store, target, answer, body } = request;
  const { resource } = target;
  if (target.subresource !== undefined) throw methodNotAllowed();
  const options = body.length === 0 ? {} : parseJson(body);
  const preconditions = isRecord(options) && isRecord(options.preconditions) ? options.preconditions : {};
  const removed = store.delete(resource, objectKey(target.namespace, name), preconditions);
  if (decodeObject(removed).metadata.deletionTimestamp !== undefined) {
    await answerObject(request, 200, removed);
    return;
  }
  const { uid } = decodeObject(removed).metadata;
  await answer.json(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid,
    },
  });
}

async function deleteAll({ store, target, answer }: WriteRequest): Promise<void> {
  const { resource } = target;
  if (resource.namespaced && target.namespace === undefined) throw methodNotAllowed();
  const matching = store.collection(resource).list().filter(filterOf(target, answer.request.query));
  for (const { key } of matching) store.delete(resource, key);
  await answer.json(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
}

/** GET of one object. */
export async function answerGet(store: ObjectStore, target: RequestTarget, answer: Answer): Promise<void> {
  const { resource, version, namespace, name } = target;
  if (name === undefined) throw notFound(resource, '');
  const stored = store.get(resource, objectKey(namespace, name));
  const { object } = representationFor(answer.request.accept, resource, version);
  await answer.whole(200, Buffer.concat([object(stored), newline]), { 'content-type': 'application/json' });
}

const newline = Buffer.from('\n');

async function answerObject(
  { target, answer }: WriteRequest,
  status: number,
  stored: StoredObject,
): Promise<void> {
  const { object } = representationFor(answer.request.accept, target.resource, target.version);
  const body = Buffer.concat([object(stored), newline]);
  await answer.whole(status, body, { 'content-type': 'application/json' });
}

/** The object in the body; kind and version must be those of the path. */
function readObject({ target, contentType, body }: WriteRequest): KubeDocument {
  if (contentType !== '' && contentType !== 'application/json')
    throw unsupportedMediaType(['application/json']);
  const document = parseJson(body);
  if (!isDocument(document)) throw badRequest('the body is no object with metadata');
  const expected = apiVersionOf(target.resource.group, target.version);
  if ((document.apiVersion ?? expected) !== expected) {
    const why = `the API version in the data (${document.apiVersion}) does not match the expected API version (${expected})`;
    throw badRequest(why);
  }
  if ((document.kind ?? target.resource.kind) !== target.resource.kind) {
    throw badRequest(`the kind in the data (${document.kind}) does not match ${target.resource.kind}`);
  }
  return document;
}

function inNamespace(document: KubeDocument, namespace: string | undefined): KubeDocument {
  const { namespace: written } = document.metadata;
  if (namespace === undefined || written === namespace) return document;
  if (written !== undefined && written !== '') {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return { ...document, metadata: { ...document.metadata, namespace } };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw badRequest(`error decoding the body: ${(error as Error).message}`);
  }
}

function unsupportedMediaType(supported: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`;
  return new ApiError(415, 'UnsupportedMediaType', message);
}
