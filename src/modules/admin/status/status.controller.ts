import { Controller, Get, Header } from '@nestjs/common';
import { type Status, StatusReport } from './status-report.js';

@Controller('status')
export class StatusController {
  constructor(private readonly report: StatusReport) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  status(): Status {
    return this.report.status();
  }
}
