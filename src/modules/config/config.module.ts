import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from './clustermesh-options.js';

/** Makes the options, validated and frozen by the command line, injectable everywhere by CLUSTERMESH_OPTIONS. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(options: ClustermeshOptions): DynamicModule {
    return {
      module: ConfigModule,
      providers: [{ provide: CLUSTERMESH_OPTIONS, useValue: options }],
      exports: [CLUSTERMESH_OPTIONS],
    };
  }
}
