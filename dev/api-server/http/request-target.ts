import { badRequest } from '../api-error.js';
import type { ObjectStore } from '../store/object-store.js';
import type { Resource } from '../store/resource-table.js';

/** What a path names: a collection, or an object of it, or a part of that object. */
export interface RequestTarget {
  readonly resource: Resource;
  /** Of the path: in which version the answer is written. */
  readonly version: string;
  /** Undefined: cluster-wide, or all namespaces. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Undefined for a path under which nothing is served. @throws ApiError 400 for a malformed escape */
export function parseTarget(path: string, resources: ObjectStore['resources']): RequestTarget | undefined {
  const [root, ...segments] = path.split('/').slice(1).map(decode);
  if (root === 'api') segments.unshift('');
  else if (root !== 'apis') return undefined;
  const [group = '', version = ''] = segments.splice(0, 2);
  const namespace = takeNamespace(group, segments);
  const [plural = '', name, subresource, ...more] = segments;
  const resource = resources.find(group, version, plural);
  if (!resource || more.length > 0) return undefined;
  const target = { resource, version, namespace, name, subresource };
  return isServed(target) ? target : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`malformed escape in the path: ${segment}`);
  }
}

function isServed({ resource, namespace, name, subresource }: RequestTarget): boolean {
  if (subresource !== undefined && !(subresource === 'status' && resource.statusSubresource)) return false;
  if (!resource.namespaced) return namespace === undefined;
  return namespace !== undefined || name === undefined;
}

/** `namespaces/NAME` is an object of its own in the core group unless a resource follows it. */
function takeNamespace(group: string, segments: string[]): string | undefined {
  if (segments[0] !== 'namespaces' || segments.length < 3) return undefined;
  if (group === '' && segments[2] === 'status') return undefined;
  const [, namespace] = segments.splice(0, 2);
  return namespace;
}
