import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isLoopback } from '../config/host-port.js';
import type { Refusal } from './listener.js';

const readOnly = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets in only what a program or a page of this machine says. The admin API has no password: a loopback address keeps other
 * machines out, but not the web pages that a browser of this machine shows. Their requests are known by a Host that is not
 * local (DNS rebinding) or by an Origin that is not ours.
 */
export function refuseForeign(request: Pick<IncomingMessage, 'method' | 'headers'>): Refusal | undefined {
  const { headers, method = 'GET' } = request;
  if (!isLocalHost(headers.host)) {
    return forbidden('The Host header must name this machine: localhost or a loopback address.');
  }
  if (!readOnly.has(method) && isCrossOrigin(headers)) {
    return forbidden('Requests of other origins are not taken.');
  }
  return undefined;
}

function isLocalHost(host: string | undefined): boolean {
  const name = /^(?:\[([^\][]+)\]|([^\][:]+))(?::\d{1,5})?$/.exec(host ?? '');
  return name !== null && isLoopback((name[1] ?? name[2] ?? '').toLowerCase());
}

/** Browsers send Origin with every POST; other clients send none. */
function isCrossOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return (
    headers.origin !== undefined && headers.origin.toLowerCase() !== `http://${headers.host}`.toLowerCase()
  );
}

function forbidden(message: string): Refusal {
  return { status: 403, error: 'Forbidden', message };
}
