import { All, Controller, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { send } from '../http/send.js';
import { MetricsRegistry } from './metrics-registry.js';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly registry: MetricsRegistry) {}

  /** Any method, as the original's handler. */
  @All()
  async metrics(@Res() response: ServerResponse): Promise<void> {
    send(response, 200, this.registry.contentType, await this.registry.text());
  }
}
