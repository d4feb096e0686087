import { Inject, Injectable } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { bytesOf } from '../../common/bytes.js';
import { CLOCK, type Clock } from '../../common/clock.js';
import { rfc3339 } from '../../common/rfc3339.js';
import { DesiredState } from '../mirror/desired-state.js';

export const HEARTBEAT_SCOPE = 'heartbeat';
export const HEARTBEAT_KEY = 'cilium/.heartbeat';

/**
 * Keeps `cilium/.heartbeat` fresh: remote agents distrust an etcd whose heartbeat is older than two minutes. The key is an
 * express one, so it never waits behind the write queue, and a lost lease or a deletion brings it back like any other.
 */
@Injectable()
export class HeartbeatService {
  private beating = false;

  constructor(
    private readonly desired: DesiredState,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The first beat, as soon as etcd is connected, whether or not Kubernetes is. */
  start(): void {
    this.beating = true;
    this.beat();
  }

  @Cron(CronExpression.EVERY_MINUTE, { name: 'heartbeat' })
  beat(): void {
    if (!this.beating) return;
    const value = bytesOf(rfc3339(this.clock.now()));
    this.desired.replace(this.desired.scope(HEARTBEAT_SCOPE), 'heartbeat', [{ key: HEARTBEAT_KEY, value }]);
  }
}
