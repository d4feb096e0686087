import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { HttpListeners } from './http-listeners.service.js';
import { JsonErrorFilter } from './json-error.filter.js';

@Module({
  providers: [HttpListeners, { provide: APP_FILTER, useClass: JsonErrorFilter }],
  exports: [HttpListeners],
})
export class HttpModule {}
