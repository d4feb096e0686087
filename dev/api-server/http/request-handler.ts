import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, methodNotAllowed } from '../api-error.js';
import type { Faults, RequestRecord } from '../faults.js';
import type { ServerVersion } from '../server-version.js';
import type { ObjectStore } from '../store/object-store.js';
import { Answer } from './answer.js';
import { discoveryAnswer } from './discovery.js';
import { answerList } from './list.js';
import { parseTarget, type RequestTarget } from './request-target.js';
import { Watch } from './watch.js';
import { answerGet, answerWrite } from './write.js';

export interface RequestHandlerOptions {
  readonly store: ObjectStore;
  readonly faults: Faults;
  readonly version: ServerVersion;
  readonly onRequest: (request: RequestRecord) => void;
  readonly onWatch: (watch: Watch, response: ServerResponse, request: RequestRecord) => void;
}

/** Takes one HTTP request to its answer: log, faults, routing. */
export class RequestHandler {
  constructor(private readonly options: RequestHandlerOptions) {}

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = describeRequest(message);
    this.options.onRequest(request);
    const body = await readBody(message);
    if (!body || !(await this.survives(request, message))) return;
    const answer = new Answer(request, response, this.options.faults);
    try {
      await this.route(request, answer, response, {
        contentType: (message.headers['content-type'] ?? '').replace(/;.*$/, '').trim(),
        body,
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      await answer.refuse(error);
    }
  }

  /** Whether the request is to be answered after the faults that it meets. */
  private async survives(request: RequestRecord, message: IncomingMessage): Promise<boolean> {
    const fault = this.options.faults.take(request, 'reset', 'stall', 'delay');
    if (!fault) return true;
    if (fault.effect.kind === 'reset') {
      request.status = 0;
      message.socket.resetAndDestroy();
      return false;
    }
    const { effect } = fault;
    const late = effect.kind === 'delay' ? wait(effect.ms) : new Promise<void>(() => undefined);
    await Promise.race([fault.released, late, closed(message)]);
    return !message.socket.destroyed;
  }

  private async route(
    request: RequestRecord,
    answer: Answer,
    response: ServerResponse,
    input: { contentType: string; body: Buffer },
  ): Promise<void> {
    const { store, faults } = this.options;
    const failure = faults.take(request, 'fail')?.effect;
    if (failure) throw failureError(failure);
    if (await this.answerFixed(request, answer)) return;
    const target = parseTarget(request.path, store.resources);
    if (!target) await answer.text(404, '404 page not found\n');
    else if (request.method !== 'GET') await answerWrite({ store, target, answer, ...input });
    else if (request.watch) this.openWatch(request, target, answer, response);
    else if (target.name === undefined) await answerList(store, target, answer);
    else await answerGet(store, target, answer);
  }

  /** /version, the health paths and discovery. */
  private async answerFixed({ path, method }: RequestRecord, answer: Answer): Promise<boolean> {
    const { store, version } = this.options;
    const health = ['/healthz', '/readyz', '/livez'].includes(path);
    const body = path === '/version' ? version.info() : discoveryAnswer(path, store.resources.all());
    if (!health && body === undefined) return false;
    if (method !== 'GET') throw methodNotAllowed();
    await (health ? answer.text(200, 'ok') : answer.json(200, body));
    return true;
  }

  private openWatch(
    request: RequestRecord,
    target: RequestTarget,
    answer: Answer,
    response: ServerResponse,
  ): void {
    const { store, faults, version } = this.options;
    const watch = new Watch({ store, faults, version, target, answer });
    watch.start();
    this.options.onWatch(watch, response, request);
  }
}

function describeRequest(message: IncomingMessage): RequestRecord {
  const url = new URL(`http://localhost${message.url ?? '/'}`);
  const query = Object.fromEntries(url.searchParams);
  return {
    method: message.method ?? 'GET',
    path: url.pathname,
    query,
    watch: ['true', '1'].includes(query.watch ?? ''),
    userAgent: message.headers['user-agent'] ?? '',
    accept: message.headers.accept ?? '',
    at: Date.now(),
  };
}

/** Undefined if the client broke off. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    message.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
    message.once('close', () => {
      resolve(undefined);
    });
  });
}

function failureError(failure: {
  readonly status: number;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfter?: number;
}): ApiError {
  const { status, retryAfter } = failure;
  const reason = failure.reason ?? usualReasons.get(status) ?? 'InternalError';
  const extra = retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter };
  return new ApiError(status, reason, failure.message ?? `refused on purpose with ${String(status)}`, extra);
}

const usualReasons = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function closed(message: IncomingMessage): Promise<void> {
  return new Promise((resolve) => message.socket.once('close', resolve));
}
