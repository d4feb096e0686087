import type { ServerResponse } from 'node:http';

export const TEXT = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json; charset=utf-8';

/** A complete answer with its length, as Go's servers send short ones; without it Node would send it in chunks. */
export function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response
    .writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) })
    .end(body);
}
