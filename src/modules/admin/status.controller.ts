import { Controller, Get, Header } from '@nestjs/common';
import { type Status, StatusReport } from './status-report.js';

@Controller()
export class StatusController {
  constructor(private readonly report: StatusReport) {}

  /** What can be asked for here. */
  @Get()
  index(): object {
    return {
      endpoints: [
        { method: 'GET', path: '/status', description: 'State of every stage and scope' },
        {
          method: 'POST',
          path: '/resync',
          description: 'Make etcd equal to Kubernetes anew: {"scopes": […], "dryRun": false}',
        },
        { method: 'GET', path: '/resync', description: 'The last resyncs' },
        { method: 'GET', path: '/resync/:id', description: 'One resync with its report' },
      ],
    };
  }

  @Get('status')
  @Header('Cache-Control', 'no-store')
  status(): Status {
    return this.report.status();
  }
}
