import { ApiError, badRequest, expired, invalid } from '../api-error.js';
import type { ObjectStore } from '../store/object-store.js';
import { parseLabelSelector } from '../store/label-selector.js';
import type { StoredObject } from '../store/stored-object.js';
import { decodeContinue, encodeContinue, type ContinueToken } from './continue-token.js';
import type { RequestTarget } from './request-target.js';

export type Query = Readonly<Record<string, string>>;

export interface ListPage {
  readonly items: readonly StoredObject[];
  readonly revision: number;
  /** Empty: the last page. */
  readonly continueToken: string;
  readonly remaining: number | undefined;
}

export type Filter = (object: StoredObject) => boolean;

/** The namespace, the label selector and the field selector of a request. */
export function filterOf({ namespace, name }: RequestTarget, query: Query): Filter {
  const selects = parseLabelSelector(query.labelSelector ?? '');
  const fields = parseFieldSelector(query.fieldSelector ?? '');
  return (object) =>
    (namespace === undefined || object.namespace === namespace) &&
    (name === undefined || object.name === name) &&
    fields(object) &&
    selects(object.labels);
}

function parseFieldSelector(text: string): Filter {
  const terms = text === '' ? [] : text.split(',');
  const filters = terms.map((term): Filter => {
    const match = /^metadata\.(name|namespace)(==|=|!=)(.*)$/.exec(term);
    const [, field, operator, value] = match ?? [];
    if (field !== 'name' && field !== 'namespace') throw badRequest(`field label not supported: ${term}`);
    return (object) => (object[field] === value) === (operator !== '!=');
  });
  return (object) => filters.every((matches) => matches(object));
}

/**
 * One page of a list, as resourceVersion, resourceVersionMatch, limit and continue ask for it.
 * @throws ApiError Expired, BadRequest, Invalid, or Timeout for a revision that is not there yet.
 */
export function listPage(store: ObjectStore, target: RequestTarget, query: Query): ListPage {
  const filter = filterOf(target, query);
  const limit = count(query.limit);
  if (query.continue) {
    if (query.resourceVersion) {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    const token = decodeContinue(query.continue);
    return page(store, target, { filter, limit, token, revision: token.revision });
  }
  const { revision, paged } = wanted(store, target, query, limit);
  return page(store, target, { filter, limit: paged ? limit : 0, token: undefined, revision });
}

/** -1 is the newest revision. Lists with resourceVersion=0 come from the watch cache, which knows no pages. */
function wanted(
  store: ObjectStore,
  target: RequestTarget,
  query: Query,
  limit: number,
): { revision: number; paged: boolean } {
  const { resourceVersion: text = '', resourceVersionMatch: match } = query;
  if (match !== undefined && !['Exact', 'NotOlderThan'].includes(match)) {
    throw invalid(target.resource, '', `resourceVersionMatch: Unsupported value: "${match}"`);
  }
  const revision = resourceVersion(text);
  if (revision === 0) return { revision: -1, paged: false };
  if (revision === undefined) return { revision: -1, paged: true };
  if (revision > store.revision) throw tooLarge(revision, store.revision);
  const exact = match === 'Exact' || (match === undefined && limit > 0);
  return { revision: exact ? revision : -1, paged: true };
}

interface PageOptions {
  readonly filter: Filter;
  readonly limit: number;
  readonly token: ContinueToken | undefined;
  readonly revision: number;
}

function page(store: ObjectStore, { resource }: RequestTarget, options: PageOptions): ListPage {
  const { filter, limit, token } = options;
  const collection = store.collection(resource);
  const revision = options.revision === -1 ? store.revision : options.revision;
  const all = options.revision === -1 ? collection.list() : collection.listAt(revision);
  if (!all) throw pageExpired(token);
  const matching = all.filter(filter);
  const rest = token ? matching.filter(({ key }) => key > token.after) : matching;
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const remaining = rest.length - items.length;
  const continueToken = remaining > 0 && last ? encodeContinue({ revision, after: last.key }) : '';
  return { items, revision, continueToken, remaining: remaining > 0 ? remaining : undefined };
}

function pageExpired(token: ContinueToken | undefined): ApiError {
  if (!token) return expired('The resourceVersion for the provided list is too old.');
  const inconsistent = encodeContinue({ revision: -1, after: token.after });
  return expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    { continue: inconsistent },
  );
}

function tooLarge(wantedRevision: number, current: number): ApiError {
  const message = `Too large resource version: ${String(wantedRevision)}, current: ${String(current)}`;
  const details = { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] };
  return new ApiError(504, 'Timeout', message, { details, retryAfterSeconds: 1 });
}

/** Undefined if there is none. @throws ApiError 400 */
export function resourceVersion(text: string): number | undefined {
  if (text === '') return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid value: "${text}": strconv.ParseUint: parsing "${text}"`);
  return Number(text);
}

function count(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d+$/.test(text)) throw badRequest(`limit: Invalid value: "${text}"`);
  return Number(text);
}
