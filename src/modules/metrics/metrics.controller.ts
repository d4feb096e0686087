import { All, Controller, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { MetricsRegistry } from './metrics-registry.js';

@Controller('metrics')
export class MetricsController {
  constructor(private readonly registry: MetricsRegistry) {}

  /** Any method, as the original's handler. */
  @All()
  async metrics(@Res() response: ServerResponse): Promise<void> {
    const text = await this.registry.text();
    response.writeHead(200, { 'Content-Type': this.registry.contentType }).end(text);
  }
}
