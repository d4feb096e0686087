import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type Log, LOG } from '../../common/log.js';

/** Makes the process's log injectable everywhere by the token LOG. */
@Global()
@Module({})
export class LoggingModule {
  static forRoot(log: Log): DynamicModule {
    return { module: LoggingModule, providers: [{ provide: LOG, useValue: log }], exports: [LOG] };
  }
}
