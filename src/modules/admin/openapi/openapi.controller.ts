import { Controller, Get } from '@nestjs/common';
import { StatusReport } from '../status/status-report.js';
import { openapiDocument } from './openapi-document.js';

@Controller('openapi.json')
export class OpenapiController {
  constructor(private readonly report: StatusReport) {}

  /** What can be asked for here, for programs. */
  @Get()
  document(): object {
    const { version, actions } = this.report.status();
    return openapiDocument(version, actions.includes('resync'));
  }
}
