import { Global, Module } from '@nestjs/common';
import { CLOCK, systemClock } from '../../common/clock.js';

/** Makes the system's time injectable everywhere by CLOCK. */
@Global()
@Module({ providers: [{ provide: CLOCK, useValue: systemClock }], exports: [CLOCK] })
export class ClockModule {}
