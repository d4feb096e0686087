import { All, Controller, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { send } from '../http/send.js';
import { KvstoreMesh } from './kvstoremesh.service.js';

const json = 'application/json';

/** `GET /v1/cluster` in the words of the original's generated server (spec/kvstoremesh.md §10.2). */
@Controller('v1/cluster')
export class ClusterApiController {
  constructor(private readonly mesh: KvstoreMesh) {}

  @All()
  clusters(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    const { method = 'GET', headers } = request;
    if (method !== 'GET') {
      response.setHeader('Allow', 'GET');
      refuse(response, 405, `method ${method} is not allowed, but [GET] are`);
    } else if (!accepts(headers.accept)) {
      refuse(response, 406, `unsupported media type requested, only [${json}] are available`);
    } else {
      send(response, 200, json, `${JSON.stringify(this.mesh.views())}\n`);
    }
  }
}

function refuse(response: ServerResponse, code: number, message: string): void {
  send(response, code, json, JSON.stringify({ code, message }));
}

function accepts(accept: string | undefined): boolean {
  if (accept === undefined || accept === '') return true;
  return accept.split(',').some((range) => /^\s*(\*\/\*|application\/(\*|json))\s*(;|$)/.test(range));
}
