import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.js';

export interface ProbeEvent {
  readonly type: string;
  readonly object: {
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion: string;
      readonly [field: string]: unknown;
    };
    readonly code?: number;
    readonly reason?: string;
    readonly [field: string]: unknown;
  };
}

/** One open watch, with everything that it has said. */
export class ProbeWatch {
  readonly events: ProbeEvent[] = [];
  /** Resolves when the stream has ended: true in good order, false broken off. */
  readonly ended: Promise<boolean>;

  constructor(private readonly response: IncomingMessage) {
    const lines = createInterface({ input: response });
    lines.on('line', (line) => {
      this.events.push(JSON.parse(line) as ProbeEvent);
    });
    this.ended = new Promise((resolve) => {
      // The reader of lines passes on what breaks the stream.
      lines.once('error', () => {
        resolve(false);
      });
      response.once('close', () => {
        resolve(response.complete);
      });
    });
  }

  /** Bookmarks left out: a real server sends them when it likes. `ADDED a` */
  get summary(): string[] {
    return this.events
      .filter(({ type }) => type !== 'BOOKMARK')
      .map(({ type, object }) => `${type} ${object.metadata.name ?? String(object.code)}`);
  }

  /** Waits until as many events are there, and returns the summary of all. */
  async saw(count: number): Promise<string[]> {
    await eventually(() => this.summary.length >= count, {
      what: `${String(count)} events of ${this.summary.join()}`,
    });
    return this.summary;
  }

  close(): void {
    this.response.destroy();
  }
}

/** An API server, reached past every client that is under test. */
export interface ProbeTarget {
  readonly url: string;
  readonly token?: string;
  readonly ca?: string;
}

/** @throws Error unless the answer is 200 */
export async function openWatch(target: ProbeTarget, path: string): Promise<ProbeWatch> {
  return new ProbeWatch(await open(target, path, 'application/json'));
}

/** @throws Error unless the answer is 200 */
export async function getJson(target: ProbeTarget, path: string, accept: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of await open(target, path, accept)) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}

function open({ url: base, token, ca }: ProbeTarget, path: string, accept: string): Promise<IncomingMessage> {
  const url = new URL(path, base);
  const headers = { accept, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { headers, ...(ca === undefined ? {} : { ca }) }, (response) => {
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`${path}: ${String(response.statusCode)}`));
    });
    request.once('error', reject);
    request.end();
  });
}
