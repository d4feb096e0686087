import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';

import { HeartbeatService } from './heartbeat.service.js';

@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [HeartbeatService],
  exports: [HeartbeatService],
})
export class HeartbeatModule {}
