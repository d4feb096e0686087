import { Injectable, type OnModuleInit } from '@nestjs/common';
import { KvstoreMetrics } from '../../metrics/kvstore-metrics.js';
import { PipelineMetrics } from '../../metrics/pipeline-metrics.js';
import { StatusReport } from './status-report.js';

/** Lets the gauges be read off the same sources as /status, so that the two never disagree. */
@Injectable()
export class StatusMetrics implements OnModuleInit {
  constructor(
    private readonly status: StatusReport,
    private readonly pipeline: PipelineMetrics,
    private readonly kvstore: KvstoreMetrics,
  ) {}

  onModuleInit(): void {
    this.pipeline.followStages(() => this.status.stages());
    this.kvstore.followScopes(() => this.status.scopes());
  }
}
