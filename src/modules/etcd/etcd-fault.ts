import { status } from '@grpc/grpc-js';
import { EtcdFault, type EtcdFaultKind } from './kv.js';

/**
 * etcd's own words, as its servers 3.4 and 3.5 say them; the first that fits decides. Codes alone do not tell: a full
 * database, an overloaded server and a message over gRPC's limit are all RESOURCE_EXHAUSTED.
 */
const words: readonly (readonly [RegExp, EtcdFaultKind])[] = [
  [/requested lease not found/, 'lease-not-found'],
  [/too many operations in txn request/, 'too-many-operations'],
  [/request is too large|message larger than max/, 'too-large'],
  [/database space exceeded/, 'no-space'],
  [/required revision has been compacted/, 'compacted'],
  [/duplicate key given in txn request/, 'duplicate-key'],
  [/permission denied/, 'permission-denied'],
  [/invalid auth token|user name is empty|revision of auth store is old/, 'unauthenticated'],
  [/authentication failed|authentication is not enabled/, 'unauthenticated'],
  [/certificate|altnames|SSL|TLS|\balert\b/i, 'unauthenticated'],
  [/request timed out/, 'timeout'],
  [/too many requests|no leader|leader changed|server stopped|not ready/, 'unavailable'],
];

const codes: Readonly<Partial<Record<status, EtcdFaultKind>>> = {
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.UNAVAILABLE]: 'unavailable',
  // Streams that a dying connection resets come as INTERNAL or CANCELLED, without anybody having cancelled them.
  [status.INTERNAL]: 'unavailable',
  [status.CANCELLED]: 'unavailable',
  [status.UNAUTHENTICATED]: 'unauthenticated',
  [status.PERMISSION_DENIED]: 'permission-denied',
};

/** Any failure of a call to etcd as an EtcdFault. `signal`: the caller's, to tell its cancellation from a broken connection. */
export function etcdFault(error: unknown, signal?: AbortSignal): EtcdFault {
  if (error instanceof EtcdFault) return error;
  const { code, text } = describe(error);
  if (signal?.aborted && (code === undefined || code === status.CANCELLED)) {
    return new EtcdFault('cancelled', 'aborted', { cause: error });
  }
  return new EtcdFault(text, kindOf(text, code), { cause: error });
}

/** A failure that etcd tells in words only, as the reason of a cancelled watch. */
export function etcdFaultOf(text: string): EtcdFault {
  const plain = text.replace(/^rpc error: code = \w+ desc = /, '');
  return new EtcdFault(plain, kindOf(plain, undefined));
}

function kindOf(text: string, code: status | undefined): EtcdFaultKind {
  const known = words.find(([pattern]) => pattern.test(text));
  if (known) return known[1];
  return (code !== undefined && codes[code]) || 'other';
}

function describe(error: unknown): { code?: status; text: string } {
  if (!(error instanceof Error)) return { text: String(error) };
  const { code, details } = error as { code?: unknown; details?: unknown };
  return {
    ...(typeof code === 'number' ? { code } : {}),
    text: connectionCause(typeof details === 'string' && details !== '' ? details : error.message),
  };
}

/** What went wrong on the wire, without gRPC's wording around it. */
function connectionCause(text: string): string {
  return text
    .replace(/^No connection established\. Last error: (?:Error: )?(.*?)\.? ?(Resolution note: .*)?$/s, '$1')
    .trim();
}
