import { objectKey, type KubeDocument } from './kube-document.js';

/** One object at one revision. Its JSON is made once; lists and watches only copy bytes. */
export interface StoredObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly revision: number;
  /** Compact JSON that starts with kind and apiVersion. */
  readonly body: Buffer;
  /** Where `body` continues after kind and apiVersion: lists of built-in kinds leave both out of their items. */
  readonly afterHeader: number;
}

/** Encodes an object as of a revision, which becomes its resourceVersion. */
export function encodeObject(document: KubeDocument, revision: number): StoredObject {
  const { kind, apiVersion, metadata, ...rest } = document;
  const { name, namespace, ...others } = metadata;
  const stamped = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...others,
    resourceVersion: String(revision),
  };
  const header = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
  const body = Buffer.from(header + JSON.stringify({ metadata: stamped, ...rest }).slice(1));
  return {
    key: objectKey(namespace, name),
    namespace: namespace ?? '',
    name,
    labels: metadata.labels ?? {},
    revision,
    body,
    afterHeader: Buffer.byteLength(header),
  };
}

/** A fresh copy that the caller may change. */
export function decodeObject(stored: StoredObject): KubeDocument {
  return JSON.parse(stored.body.toString('utf8')) as KubeDocument;
}

/** The same object with another resourceVersion: what a DELETED event carries. */
export function restamp(stored: StoredObject, revision: number): StoredObject {
  return encodeObject(decodeObject(stored), revision);
}
