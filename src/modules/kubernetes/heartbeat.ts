import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { type KubeApi, KubeError } from './kube-api.js';

export interface HeartbeatOptions {
  readonly api: Pick<KubeApi, 'request'>;
  /** Period and timeout of GET /healthz, ms; 0 = off. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Closes idle connections: the next request goes over a new one. */
  readonly closeIdle: () => void;
  /** After each beat; undefined = it went well. */
  readonly onBeat: (failure: KubeError | undefined) => void;
}

/** Asks the API server for its health, now and then every `timeoutMs`, until the signal aborts. */
export async function runHeartbeat(options: HeartbeatOptions, signal: AbortSignal): Promise<void> {
  const { timeoutMs, clock } = options;
  if (timeoutMs <= 0) return;
  for (let next = clock.monotonic() + timeoutMs; !signal.aborted; next += timeoutMs) {
    const failure = await beat(options, signal);
    if (signal.aborted) return;
    options.onBeat(failure);
    if (failure) reconnect(options, failure);
    await clock.sleep(Math.max(0, next - clock.monotonic()), signal);
  }
}

async function beat(
  { api, timeoutMs }: HeartbeatOptions,
  signal: AbortSignal,
): Promise<KubeError | undefined> {
  try {
    await api.request('GET', '/healthz', { signal, timeoutMs });
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    // Too many requests is an answer: the connection works.
    return error.status === 429 ? undefined : error;
  }
}

function reconnect({ log, closeIdle }: HeartbeatOptions, error: KubeError): void {
  const what =
    error.reason === 'Timeout' && error.status === 0
      ? 'Heartbeat timed out'
      : 'Network status error received';
  log.warn(`${what}, restarting client connections`, { error });
  closeIdle();
}
