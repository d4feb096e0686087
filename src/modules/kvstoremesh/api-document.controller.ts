import { Controller, Get, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { send } from '../http/send.js';
import { apiDocument, apiPage } from './api-document.js';

/** What the KVStoreMesh API says of itself. */
@Controller()
export class ApiDocumentController {
  @Get('swagger.json')
  document(@Res() response: ServerResponse): void {
    send(response, 200, 'application/json', `${JSON.stringify(apiDocument, null, 2)}\n`);
  }

  @Get('v1/docs')
  page(@Res() response: ServerResponse): void {
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    send(response, 200, 'text/html; charset=utf-8', apiPage());
  }
}
