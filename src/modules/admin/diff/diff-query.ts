import { invalidField } from '../../http/validation-pipe.js';
import type { DiffRequest } from '../../mirror/diff.js';

export const defaultLimit = 100;
export const maxLimit = 10_000;

/** The query of `GET /diff`. @throws BadRequestException that names the field, its value and what was expected. */
export function diffRequest(
  query: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
): DiffRequest {
  const unknown = Object.keys(query).find((name) => !['scope', 'cluster', 'limit'].includes(name));
  if (unknown !== undefined)
    throw invalidField(unknown, query[unknown], 'no such field; the fields are cluster, limit, scope');
  const scopes = scopesOf(query['scope'], known);
  const cluster = clusterOf(query['cluster']);
  return {
    ...(scopes ? { scopes } : {}),
    ...(cluster === undefined ? {} : { cluster }),
    limit: limitOf(query['limit']),
  };
}

/** `scope=ip/v1&scope=nodes/v1`. */
function scopesOf(value: unknown, known: ReadonlySet<string>): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const scopes: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !known.has(scope))
      throw invalidField('scope', scope, `one of ${[...known].join(', ')}`);
  }
  return [...new Set(scopes as readonly string[])];
}

function clusterOf(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw invalidField('cluster', value, 'the name of a remote cluster');
}

function limitOf(value: unknown): number {
  if (value === undefined) return defaultLimit;
  const limit = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : Infinity;
  if (limit <= maxLimit) return limit;
  throw invalidField('limit', value, `a number from 0 to ${maxLimit}`);
}
