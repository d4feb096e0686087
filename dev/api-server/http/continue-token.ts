import { badRequest } from '../api-error.js';

/** Where the next page of a list begins. */
export interface ContinueToken {
  /** The revision that every page shows; -1: the newest, after the first page's one was compacted. */
  readonly revision: number;
  /** The key of the last object of the page before. */
  readonly after: string;
}

export function encodeContinue({ revision, after }: ContinueToken): string {
  const text = JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${after}\u0000` });
  return Buffer.from(text).toString('base64url');
}

/** @throws ApiError 400 */
export function decodeContinue(token: string): ContinueToken {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Record<
      string,
      unknown
    >;
    if (typeof rv === 'number' && typeof start === 'string')
      return { revision: rv, after: start.slice(0, -1) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw badRequest('continue key is not valid');
}
