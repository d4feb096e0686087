import type { IncomingHttpHeaders } from 'node:http';
import { KubeError } from './kube-api.js';

/** The API server's Status object, as far as it is looked at. Everything is optional: proxies answer with anything. */
interface StatusObject {
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown } | null;
}

/** From an answer of 300 or more. A body that is no Status is shown shortened. */
export function errorOfAnswer(status: number, headers: IncomingHttpHeaders, body: string): KubeError {
  const parsed = parseStatus(body);
  const retryAfter = secondsToMs(headers['retry-after']);
  if (parsed) return errorOfStatus(parsed, status, retryAfter);
  const text = body.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
  const message = `the server answered ${String(status)}${text === '' ? '' : `: ${text}`}`;
  return new KubeError(message, status, '', retryAfter);
}

/** From a Status object, in an answer or as the object of a watch's ERROR event. */
export function errorOfStatus(object: unknown, httpStatus: number, retryAfterMs?: number): KubeError {
  const { message, reason, code, details } = (object ?? {}) as StatusObject;
  const status = typeof code === 'number' ? code : httpStatus;
  const text =
    typeof message === 'string' && message !== '' ? message : `the server answered ${String(status)}`;
  const retryAfter = retryAfterMs ?? secondsToMs(details?.retryAfterSeconds);
  return new KubeError(text, status, typeof reason === 'string' ? reason : '', retryAfter);
}

/** No answer, or one that broke off: the errno becomes the reason, a KubeError keeps its own. */
export function errorOfConnection(error: unknown, prefix = ''): KubeError {
  if (error instanceof KubeError) {
    return prefix === ''
      ? error
      : new KubeError(prefix + error.message, error.status, error.reason, error.retryAfterMs, {
          cause: error.cause,
        });
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  const reason = typeof code === 'string' ? code : 'Connection';
  const text = typeof message === 'string' && message !== '' ? message : reason;
  return new KubeError(prefix + text, 0, reason, undefined, { cause: error });
}

function parseStatus(body: string): StatusObject | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const object = JSON.parse(body) as StatusObject;
    return object.kind === 'Status' ? object : undefined;
  } catch {
    return undefined;
  }
}

/** Only seconds: the API server never sends a date. */
function secondsToMs(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}
