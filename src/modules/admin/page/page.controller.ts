import { Controller, Get, Headers, NotFoundException, Param, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { JSON_TYPE, send } from '../../http/send.js';
import { PageFiles } from './page-files.js';

/**
 * Everything comes from here and nothing is inline; no text can become markup (Trusted Types); nobody may show the page in a
 * frame and lead a click to its buttons.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const endpoints = [
  { method: 'GET', path: '/status', description: 'State of every stage and scope' },
  {
    method: 'GET',
    path: '/events',
    description: 'What happened; a stream for who accepts text/event-stream',
  },
  { method: 'GET', path: '/diff', description: 'What etcd holds beside what is wanted: ?scope=…&limit=…' },
  {
    method: 'POST',
    path: '/resync',
    description: 'Make etcd equal to Kubernetes anew: {"scopes": […], "dryRun": false}',
  },
  { method: 'GET', path: '/resync', description: 'The last resyncs' },
  { method: 'GET', path: '/resync/:id', description: 'One resync with its report' },
  { method: 'GET', path: '/openapi.json', description: 'All of this, for programs' },
];

/** The status page for browsers, and what can be asked for here for everybody else. */
@Controller()
export class PageController {
  private readonly files = new PageFiles();

  @Get()
  index(@Headers('accept') accept: string | undefined, @Res() response: ServerResponse): void {
    response.setHeader('Vary', 'Accept');
    if (/\btext\/html\b/i.test(accept ?? '')) this.sendFile('index.html', response);
    else send(response, 200, JSON_TYPE, JSON.stringify({ endpoints }));
  }

  @Get('page/:name')
  file(@Param('name') name: string, @Res() response: ServerResponse): void {
    this.sendFile(name, response);
  }

  @Get('page/views/:name')
  view(@Param('name') name: string, @Res() response: ServerResponse): void {
    this.sendFile(`views/${name}`, response);
  }

  private sendFile(name: string, response: ServerResponse): void {
    const file = this.files.get(name);
    if (!file) throw new NotFoundException(`The page has no file ${JSON.stringify(name)}.`);
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    // After an upgrade the browser must not mix old scripts with new data.
    response.setHeader('Cache-Control', 'no-store');
    send(response, 200, file.type, file.body);
  }
}
