import { All, Controller, Query, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { JSON_TYPE, send, TEXT } from '../http/send.js';
import { type Indication, Probe } from './probe.js';
import { Readiness } from './readiness.js';
import type { ReadinessStatus } from '../../common/readiness-source.js';

/** Byte for byte the original's endpoint (spec/k8s-sync.md §3), any method; `?verbose` is ours. */
@Controller('readyz')
export class ReadyzController {
  constructor(
    private readonly readiness: Readiness,
    private readonly probe: Probe,
  ) {}

  @All()
  async readyz(
    @Query('verbose') verbose: string | undefined,
    @Res() response: ServerResponse,
  ): Promise<void> {
    const ready = this.readiness.isReady();
    const status = ready ? 200 : 500;
    if (verbose === undefined) {
      send(response, status, TEXT, ready ? 'Ready' : 'NotReady');
      return;
    }
    const result = await this.probe.run(this.readiness.report().map((scope) => indication(scope, ready)));
    send(response, status, JSON_TYPE, JSON.stringify(result));
  }
}

function indication({ scope, ready, waitingFor, since }: ReadinessStatus, latched: boolean): Indication {
  return { name: scope, up: ready || latched, details: ready ? { since } : { waitingFor, since } };
}
