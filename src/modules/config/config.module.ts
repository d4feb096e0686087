import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLUSTERMESH_OPTIONS } from './clustermesh-options.js';
import type { ServerOptions } from './server-options.js';

/** Makes the options, validated and frozen by the command line, injectable everywhere by CLUSTERMESH_OPTIONS. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(options: ServerOptions): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: CLUSTERMESH_OPTIONS, useValue: options }],
      exports: [CLUSTERMESH_OPTIONS],
    };
  }
}
