import { isDeepStrictEqual } from 'node:util';
import { isRecord } from './kube-document.js';

/** Why a patch does not apply; the API server answers 422. */
export class JsonPatchError extends Error {
  override name = 'JsonPatchError';
}

type Container = Record<string, unknown> | unknown[];

/**
 * RFC 6902: add, remove, replace, move, copy, test, in order, all or nothing. Returns a new value.
 * Strict: what is replaced or removed must exist.
 * @throws JsonPatchError
 */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw new JsonPatchError('a JSON patch is a list of operations');
  const root = { '': structuredClone(target) };
  for (const operation of operations as unknown[]) {
    if (!isRecord(operation)) throw new JsonPatchError('an operation is an object');
    applyOperation(root, operation);
  }
  return root[''];
}

function applyOperation(root: Record<string, unknown>, operation: Record<string, unknown>): void {
  const path = String(operation.path);
  switch (operation.op) {
    case 'add':
      add(root, path, structuredClone(operation.value));
      return;
    case 'remove':
      remove(root, path);
      return;
    case 'replace':
      read(root, path);
      put(root, path, structuredClone(operation.value));
      return;
    case 'move':
      add(root, path, remove(root, String(operation.from)));
      return;
    case 'copy':
      add(root, path, structuredClone(read(root, String(operation.from))));
      return;
    case 'test':
      if (isDeepStrictEqual(read(root, path), operation.value)) return;
      throw new JsonPatchError(`testing value ${path} failed`);
    default:
      throw new JsonPatchError(`unexpected kind: ${String(operation.op)}`);
  }
}

function tokens(path: string): string[] {
  if (path !== '' && !path.startsWith('/')) throw new JsonPatchError(`"${path}" is no JSON pointer`);
  return path.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parentOf(root: Record<string, unknown>, path: string): { parent: Container; last: string } {
  const parts = tokens(path);
  const last = parts.pop() ?? '';
  let at: unknown = root;
  for (const token of parts) at = child(at, token, path);
  if (!isRecord(at) && !Array.isArray(at)) throw new JsonPatchError(`"${path}" does not exist`);
  return { parent: at, last };
}

function child(container: unknown, token: string, path: string): unknown {
  if (Array.isArray(container)) return container[index(token, container.length - 1, path)] as unknown;
  if (isRecord(container) && Object.hasOwn(container, token)) return container[token];
  throw new JsonPatchError(`"${path}" does not exist: missing "${token}"`);
}

function read(root: Record<string, unknown>, path: string): unknown {
  const { parent, last } = parentOf(root, path);
  return child(parent, last, path);
}

function put(root: Record<string, unknown>, path: string, value: unknown): void {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent[index(last, parent.length - 1, path)] = value;
  else parent[last] = value;
}

function add(root: Record<string, unknown>, path: string, value: unknown): void {
  const { parent, last } = parentOf(root, path);
  if (!Array.isArray(parent)) parent[last] = value;
  else if (last === '-') parent.push(value);
  else parent.splice(index(last, parent.length, path), 0, value);
}

function remove(root: Record<string, unknown>, path: string): unknown {
  const value = read(root, path);
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent.splice(index(last, parent.length - 1, path), 1);
  else delete parent[last];
  return value;
}

function index(token: string, highest: number, path: string): number {
  const at = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : NaN;
  if (!(at <= highest)) throw new JsonPatchError(`"${path}": no index "${token}"`);
  return at;
}
