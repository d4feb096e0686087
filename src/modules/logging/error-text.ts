/** How deep a chain of causes is followed; a cycle of causes ends here too. */
const maxDepth = 8;

/**
 * What went wrong in one line: the message, then the causes, joined by `: ` as Go's wrapped errors read.
 * A cause whose text the message already ends with is not repeated.
 */
export function errorText(error: unknown, depth = 0): string {
  if (!(error instanceof Error))
    return typeof error === 'string' ? error : (JSON.stringify(error) ?? String(error));
  const own = ownText(error, depth);
  if (error.cause === undefined || error.cause === null || depth >= maxDepth) return own;
  const cause = errorText(error.cause, depth + 1);
  return own.endsWith(cause) ? own : `${own}: ${cause}`;
}

/** Node's AggregateError (a refused connection on both address families) has no message of its own. */
function ownText(error: Error, depth: number): string {
  if (error instanceof AggregateError && depth < maxDepth) {
    const parts = error.errors.map((part) => errorText(part, depth + 1)).join('; ');
    return error.message === '' ? parts : `${error.message}: ${parts}`;
  }
  return error.message === '' ? error.name : error.message;
}
