import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import {
  type HealthCheckResult,
  HealthCheckService,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';

export interface Indication {
  readonly name: string;
  readonly up: boolean;
  readonly details: Readonly<Record<string, string | number>>;
}

/** Runs terminus's check with its failure as a value. */
@Injectable()
export class Probe {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicator: HealthIndicatorService,
  ) {}

  async run(indications: readonly Indication[]): Promise<HealthCheckResult> {
    try {
      return await this.health.check(indications.map((indication) => () => this.indicate(indication)));
    } catch (error) {
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }

  private indicate({ name, up, details }: Indication): HealthIndicatorResult {
    const session = this.indicator.check(name);
    return up ? session.up(details) : session.down(details);
  }
}
