import {
  Controller,
  Get,
  Header,
  HttpException,
  HttpStatus,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';
import type { DiffReport } from '../../mirror/diff.js';
import { EtcdFault } from '../../etcd/kv.js';
import { StatusReport } from '../status/status-report.js';
import { diffRequest } from './diff-query.js';
import { DiffTurns } from './diff-turns.js';

@Controller('diff')
export class DiffController {
  constructor(
    private readonly turns: DiffTurns,
    private readonly report: StatusReport,
  ) {}

  /**
   * What etcd holds beside what is wanted, now: a dry resync, key by key. `scope` (repeatable), `cluster` and `limit`
   * narrow it. 400 for a bad query, 429 when too many ask, 503 when etcd does not answer.
   */
  @Get()
  @Header('Cache-Control', 'no-store')
  async diff(@Query() query: Record<string, unknown>): Promise<DiffReport> {
    const known = new Set(this.report.scopes().map(({ scope }) => scope));
    const report = this.turns.run(diffRequest(query, known));
    if (!report) throw new HttpException('Too many comparisons are waiting.', HttpStatus.TOO_MANY_REQUESTS);
    try {
      return await report;
    } catch (error) {
      if (!(error instanceof EtcdFault)) throw error;
      throw new ServiceUnavailableException(`etcd cannot be read: ${error.message}`);
    }
  }
}
