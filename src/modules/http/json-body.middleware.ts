import {
  BadRequestException,
  Injectable,
  type NestMiddleware,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { findJsonFault } from './json-syntax.js';
import { invalidField } from './validation-pipe.js';

const limitBytes = 16 * 1024;

/**
 * Reads a request's body as a JSON object into `body`; no body is `{}`. A body must be declared as JSON: what a web page can
 * send to another origin without being asked first is never so declared.
 */
@Injectable()
export class JsonBodyMiddleware implements NestMiddleware<
  IncomingMessage & { body?: unknown },
  ServerResponse
> {
  async use(
    request: IncomingMessage & { body?: unknown },
    _response: ServerResponse,
    next: () => void,
  ): Promise<void> {
    const text = await readText(request);
    if (text.trim() !== '' && !/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      throw new UnsupportedMediaTypeException('A body must have Content-Type: application/json.');
    }
    request.body = text.trim() === '' ? {} : parseObject(text);
    next();
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes)
      throw new PayloadTooLargeException(`A body may have at most ${limitBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(text: string): object {
  const fault = findJsonFault(text);
  if (fault) {
    const { position, line, column } = fault;
    const what =
      position === text.length ? 'it ends too early' : `unexpected ${JSON.stringify(text[position])}`;
    throw new BadRequestException({
      message: `The body is not JSON: ${what} at position ${position} (line ${line}, column ${column}).`,
      position,
      line,
      column,
    });
  }
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalidField('', value, 'a JSON object');
}
