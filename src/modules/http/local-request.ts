import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isLoopback } from '../config/host-port.js';
import type { Refusal } from './listener.js';

const readOnly = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets in only what a program of this machine or our own page says. The admin API has no password: a loopback address keeps
 * other machines out, but not the web pages that a browser of this machine shows. Their requests are known by a Host that is
 * not local (DNS rebinding), by an Origin that is not ours, or by what the browser says of where they come from. A link that
 * leads here is taken: it shows the page to a person and nothing to who made it.
 */
export function refuseForeign(request: Pick<IncomingMessage, 'method' | 'headers'>): Refusal | undefined {
  const { headers, method = 'GET' } = request;
  if (!isLocalHost(headers.host)) {
    return forbidden('The Host header must name this machine: localhost or a loopback address.');
  }
  if (isCrossOrigin(headers) && !(readOnly.has(method) && isNavigation(headers))) {
    return forbidden('Requests of other origins are not taken.');
  }
  return undefined;
}

function isLocalHost(host: string | undefined): boolean {
  const name = /^(?:\[([^\][]+)\]|([^\][:]+))(?::\d{1,5})?$/.exec(host ?? '');
  return name !== null && isLoopback((name[1] ?? name[2] ?? '').toLowerCase());
}

/** Somebody follows a link or types the address; what is shown is a document of its own, in no frame. */
function isNavigation(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

/** Browsers send Origin with every POST, and say of every request which site it comes from; other clients do neither. */
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
