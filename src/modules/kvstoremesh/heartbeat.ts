import type { Clock } from '../../common/clock.js';
import { together } from '../../common/together.js';
import { EtcdFault } from '../etcd/kv.js';
import type { RemoteEtcd } from '../etcd/remote/remote-etcd.js';
import type { RemoteObserver } from '../metrics/remote-observer.js';
import { follow } from './follow.js';
import { HEARTBEAT_KEY } from './mesh-keys.js';

export interface HeartbeatOptions {
  readonly remote: RemoteEtcd;
  readonly pageSize: number;
  /** ms without any sign after which the remote is given up. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly observer: RemoteObserver;
  /** It may not be read. */
  readonly onDenied: (error: EtcdFault) => void;
}

/**
 * The heartbeat of a remote cluster, over one connection. Any event of its key is a sign of life, the end of the first list is
 * one, too (spec/kvstoremesh.md §11.2). One that may not be read counts as none, but says so.
 */
export class Heartbeat {
  /** Resolves when its watch stands, or when it turns out that it may not be read: either way, we have been answered. */
  readonly stands: Promise<void>;
  private stand: () => void = () => undefined;
  private heardAt: number;

  constructor(private readonly options: HeartbeatOptions) {
    this.heardAt = options.clock.monotonic();
    this.stands = new Promise((resolve) => (this.stand = resolve));
  }

  /** Resolves on abort. @throws EtcdFault when it has stopped, or the connection fails. */
  run(signal: AbortSignal): Promise<void> {
    return together(signal, [(s) => this.listen(s), (s) => this.guard(s)]);
  }

  private async listen(signal: AbortSignal): Promise<void> {
    const { remote, clock, pageSize, limitMs, observer, onDenied } = this.options;
    const beat = (): void => {
      this.heardAt = clock.monotonic();
    };
    const none = (): void => undefined;
    const follower = { begin: none, entry: none, listed: beat, event: beat, watching: this.stand };
    while (!signal.aborted) {
      try {
        await follow(remote, HEARTBEAT_KEY, follower, { pageSize, signal, observer });
      } catch (error) {
        if (!(error instanceof EtcdFault) || error.kind !== 'permission-denied') throw error;
        onDenied(error);
        this.stand();
        await clock.sleep(limitMs / 4, signal);
      }
    }
  }

  private async guard(signal: AbortSignal): Promise<void> {
    const { clock, limitMs, observer } = this.options;
    while (!signal.aborted) {
      const left = this.heardAt + limitMs - clock.monotonic();
      if (left <= 0) {
        observer.silent();
        throw new EtcdFault(`no heartbeat for ${limitMs / 1000} s`, 'timeout');
      }
      await clock.sleep(left, signal);
    }
  }
}
