import { type DynamicModule, type InjectionToken, Module, type ModuleMetadata } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LIVENESS_SOURCES } from './liveness-source.js';
import { LivezController } from './livez.controller.js';
import { Probe } from './probe.js';
import { Readiness, type StandbySource } from './readiness.js';
import { READINESS_SOURCES, type ReadinessSource } from '../../common/readiness-source.js';
import { ReadyzController } from './readyz.controller.js';

export interface HealthModuleOptions {
  /** Modules that export the sources. */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** Tokens of ReadinessSource providers. */
  readonly readiness: readonly InjectionToken[];
  /** Token of what says that this process is a standby: one is ready to take over, whatever it has not read yet. */
  readonly standby?: InjectionToken;
  /** Tokens of LivenessSource providers. */
  readonly liveness?: readonly InjectionToken[];
}

/** Register once, and give the same object to whoever imports it. */
@Module({})
export class HealthModule {
  static register(options: HealthModuleOptions): DynamicModule {
    return {
      module: HealthModule,
      // terminus would log an ERROR line for each probe until the first sync is complete.
      imports: [TerminusModule.forRoot({ logger: false }), ...options.imports],
      controllers: [ReadyzController, LivezController],
      providers: [
        Probe,
        collected(READINESS_SOURCES, options.readiness),
        collected(LIVENESS_SOURCES, options.liveness ?? []),
        {
          provide: Readiness,
          inject: [READINESS_SOURCES, CLOCK, ...(options.standby === undefined ? [] : [options.standby])],
          useFactory: (sources: readonly ReadinessSource[], clock: Clock, standby?: StandbySource) =>
            new Readiness(sources, clock, standby),
        },
      ],
      exports: [Readiness],
    };
  }
}

function collected(provide: symbol, tokens: readonly InjectionToken[]) {
  return { provide, inject: [...tokens], useFactory: (...sources: unknown[]): unknown[] => sources };
}
