import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpException,
  HttpStatus,
  NotFoundException,
  Param,
  Post,
  Res,
} from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { createValidationPipe, invalidFields } from '../../http/validation-pipe.js';
import type { ResyncJob, ResyncJobState, ResyncJobSummary } from './resync-job.js';
import { ResyncJobs } from './resync-jobs.js';
import { ResyncRequestDto } from './resync-request.dto.js';
import { StatusReport } from '../status/status-report.js';

@Controller('resync')
export class ResyncController {
  constructor(
    private readonly jobs: ResyncJobs,
    private readonly report: StatusReport,
  ) {}

  /** Queues a resync. 202 with its Location; 400 for a bad request; 429 when too many are queued. */
  @Post()
  @HttpCode(202)
  submit(
    @Body(createValidationPipe()) request: ResyncRequestDto,
    @Res({ passthrough: true }) response: ServerResponse,
  ): { id: string; state: ResyncJobState } {
    this.checkScopes(request.scopes ?? []);
    const job = this.jobs.submit({
      ...(request.scopes ? { scopes: request.scopes } : {}),
      dryRun: request.dryRun ?? false,
    });
    if (!job) throw new HttpException('Too many resyncs are queued.', HttpStatus.TOO_MANY_REQUESTS);
    response.setHeader('Location', `/resync/${job.id}`);
    return { id: job.id, state: job.state };
  }

  @Get()
  @Header('Cache-Control', 'no-store')
  list(): { jobs: readonly ResyncJobSummary[] } {
    return { jobs: this.jobs.list() };
  }

  @Get(':id')
  @Header('Cache-Control', 'no-store')
  one(@Param('id') id: string): ResyncJob {
    const job = this.jobs.get(id);
    if (!job)
      throw new NotFoundException(
        `There is no resync ${id}; the last 20 are kept, until the program restarts.`,
      );
    return job;
  }

  private checkScopes(scopes: readonly string[]): void {
    const known = this.report.scopes().map(({ scope }) => scope);
    const expected = `one of ${known.join(', ')}`;
    const problems = scopes
      .map((value, at) => ({ field: `scopes[${at}]`, value, expected }))
      .filter(({ value }) => !known.includes(value));
    if (problems.length > 0) throw invalidFields(problems);
  }
}
