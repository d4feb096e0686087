import { type BodyLimits, readBody } from './body-reader.js';
import { JsonListDecoder, type ListMetadata, ListBodyError } from './json-list-decoder.js';
import { type KubeApi, KubeError, type KubeStreamOptions } from './kube-api.js';

export interface ListRequest {
  readonly api: Pick<KubeApi, 'stream'>;
  readonly path: string;
  /** Without `limit` and `continue`. */
  readonly query: Readonly<Record<string, string>>;
  /** Items a page; 0 = all in one. Only a wish: a list from the API server's cache comes in one piece, and see mayPage(). */
  readonly pageLimit: number;
  readonly stream: Omit<KubeStreamOptions, 'query'>;
  readonly limits: BodyLimits;
  readonly onItem: (item: unknown) => void;
}

/**
 * Reads a list, all its pages, item by item. Resolves with the list's resource version when, and only when, the last item of
 * a complete list was given to `onItem`. @throws KubeError.
 */
export async function readList(request: ListRequest): Promise<string> {
  const { query, pageLimit } = request;
  const paged = pageLimit > 0 && mayPage(query) ? { limit: String(pageLimit) } : {};
  let page = await readPage(request, { ...query, ...paged });
  while (page.continue !== undefined) {
    // The token holds the version of the first page; giving both is refused.
    const { resourceVersion: _, ...others } = query;
    page = await readPage(request, { ...others, ...paged, continue: page.continue });
  }
  return page.resourceVersion;
}

/**
 * As client-go: a limit beside a version means exactly that past, read from etcd; without one, the API server's cache shows what is at
 * least as new. It ignores the limit of version '0', but a server that has no cache does not.
 */
function mayPage({ resourceVersion = '' }: ListRequest['query']): boolean {
  return resourceVersion === '' || resourceVersion === '0';
}

async function readPage(
  request: ListRequest,
  query: Readonly<Record<string, string>>,
): Promise<ListMetadata> {
  const body = await request.api.stream(request.path, { ...request.stream, query });
  const decoder = new JsonListDecoder((bytes) => request.onItem(itemOf(bytes)));
  try {
    for await (const chunk of readBody(body, request.limits)) decoder.write(chunk);
    return decoder.end();
  } catch (error) {
    if (!(error instanceof ListBodyError)) throw error;
    throw new KubeError(error.message, 0, 'InvalidBody', undefined, { cause: error });
  }
}

function itemOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ListBodyError('an item is no JSON', { cause: error });
  }
}
