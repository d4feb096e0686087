import { All, Controller, Inject, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { send, TEXT } from '../http/send.js';
import { LIVENESS_SOURCES, type LivenessSource } from './liveness-source.js';
import { Probe } from './probe.js';

/** Longer than any single step of a main loop may take. */
const limitMs = 120_000;

/**
 * Detects bugs, not outages: that it answers shows that the event loop turns, and each main loop says whether it is stuck.
 * An unreachable etcd or Kubernetes never fails it, or the kubelet would restart the pod in each outage.
 */
@Controller('livez')
export class LivezController {
  constructor(
    private readonly probe: Probe,
    @Inject(LIVENESS_SOURCES) private readonly sources: readonly LivenessSource[],
  ) {}

  @All()
  async livez(@Res() response: ServerResponse): Promise<void> {
    const loops = this.sources.flatMap((source) => source.liveness());
    const { error } = await this.probe.run(
      loops.map(({ loop, stuckMs }) => ({ name: loop, up: stuckMs <= limitMs, details: { stuckMs } })),
    );
    const stuck = Object.keys(error ?? {});
    const wedged = stuck.length > 0;
    send(response, wedged ? 500 : 200, TEXT, wedged ? `stuck: ${stuck.join(', ')}` : 'ok');
  }
}
