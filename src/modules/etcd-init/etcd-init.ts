import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Clock } from '../../common/clock.js';
import { formatGoDuration } from '../../common/go-duration.js';
import type { Log } from '../../common/log.js';
import { StartError } from '../../common/start-error.js';
import { configOfAddress } from '../etcd/config/etcd-config.js';
import { openChannel } from '../etcd/etcd-channel.js';
import { EtcdClient } from '../etcd/etcd-client.js';
import { EtcdFault } from '../etcd/kv.js';
import { entriesToRemove, removeEntries } from './data-dir.js';
import { type ChildEnd, endText, EtcdChild } from './etcd-child.js';
import { type InitRequest, initRequests } from './init-requests.js';
import { listenerOf, takenPort } from './port-check.js';

export interface EtcdInitSettings {
  readonly dataDir: string;
  /** '' drops the suffix of the users that are named after it. */
  readonly clusterName: string;
  readonly etcdBinary: string;
  readonly etcdArgs: readonly string[];
  /** Where these arguments make etcd listen, on loopback. */
  readonly ports: { readonly client: number; readonly peer: number };
  readonly timeoutMs: number;
  readonly force: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

const pollMs = 25;
const stopGraceMs = 10_000;
const lastWordsMs = 1000;

/**
 * Makes a new etcd of ClusterMesh out of a directory: empties it, starts an etcd on loopback, gives it its accounts, turns
 * authentication on and stops it (spec/operations.md §2.2). Whatever can be refused is refused before anything is touched, and
 * no request ever goes to an etcd that is not our child.
 */
export class EtcdInit {
  private child: EtcdChild | undefined;
  private doing = 'checking the conditions';

  constructor(private readonly settings: EtcdInitSettings) {}

  /** @throws StartError with exit code 255, also when `stop` aborts; the child is gone then too. */
  async run(stop: AbortSignal): Promise<void> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.settings.timeoutMs);
    try {
      await this.prepare();
      await this.initialize(AbortSignal.any([stop, deadline.signal]));
    } catch (error) {
      throw await this.explained(error, stop, deadline.signal);
    } finally {
      clearTimeout(timer);
      await this.child?.stop(stopGraceMs);
    }
  }

  private async prepare(): Promise<void> {
    const { dataDir, etcdBinary, force, log, ports } = this.settings;
    await checkBinary(etcdBinary);
    const taken = await takenPort([ports.client, ports.peer]);
    if (taken !== undefined) {
      throw refusal(
        `something listens on port ${taken} of localhost already: an etcd that is not ours is not touched`,
      );
    }
    const entries = await entriesToRemove(dataDir, force);
    if (entries.length > 0) log.info('Removing the content of the etcd data directory', { dataDir, entries });
    await removeEntries(dataDir, entries);
  }

  private async initialize(limit: AbortSignal): Promise<void> {
    const { clusterName, etcdBinary, etcdArgs, log } = this.settings;
    this.doing = 'starting etcd';
    log.info('Starting etcd', { binary: etcdBinary, args: etcdArgs.join(' ') });
    this.child = new EtcdChild(etcdBinary, etcdArgs, log.child('etcd'));
    const signal = AbortSignal.any([limit, this.child.gone]);
    await this.listening(this.child, signal);
    const client = this.connect();
    try {
      for (const request of initRequests(clusterName)) await this.send(request, client, signal);
    } finally {
      client.close();
    }
    this.doing = 'stopping etcd';
    const end = await this.child.stop(stopGraceMs);
    if (!isGood(end)) throw new Error(`etcd ${endText(end)}`);
    limit.throwIfAborted();
    log.info('etcd is initialized', { clusterName });
  }

  /** Waits until the client port belongs to our child, and to nobody else on any address of localhost. */
  private async listening(child: EtcdChild, signal: AbortSignal): Promise<void> {
    const { clock, log, ports } = this.settings;
    this.doing = 'waiting for etcd to listen';
    for (;;) {
      signal.throwIfAborted();
      const listener = await listenerOf(ports.client, child.pid);
      if (listener === 'own') return;
      if (listener === 'others')
        throw refusal(`port ${ports.client} of localhost is another process's: it is not touched`);
      if (listener === 'unknown' && !signal.aborted) {
        log.warn('Cannot tell whose port it is: /proc cannot be read', { port: ports.client });
        return;
      }
      await clock.sleep(pollMs, signal);
    }
  }

  private connect(): EtcdClient {
    const endpoint = `http://localhost:${this.settings.ports.client}`;
    const settings = { config: configOfAddress(endpoint), digest: '' };
    const keepAlive = { heartbeatMs: 15_000, timeoutMs: 25_000 };
    return new EtcdClient({ endpoint, channel: openChannel(endpoint, settings, keepAlive) });
  }

  /** The first failure ends everything, but for a connection that is not there yet. */
  private async send(request: InitRequest, client: EtcdClient, signal: AbortSignal): Promise<void> {
    const { clock, log, timeoutMs } = this.settings;
    this.doing = request.name;
    for (;;) {
      signal.throwIfAborted();
      try {
        await request.send(client, { signal, deadlineMs: timeoutMs });
        log.debug('Done', { request: request.name });
        return;
      } catch (error) {
        const again =
          request.repeatable && error instanceof EtcdFault && error.kind === 'unavailable' && !signal.aborted;
        if (!again) throw error;
        await clock.sleep(pollMs * 4, signal);
      }
    }
  }

  /** What is behind a failure: an etcd that died, a deadline that passed, or the request itself. */
  private async explained(error: unknown, stop: AbortSignal, deadline: AbortSignal): Promise<unknown> {
    if (!this.child) return error;
    const late = stop.aborted || deadline.aborted;
    const end = await this.earlyEnd(late);
    this.showOutput(this.child);
    if (error instanceof StartError) return error;
    const { doing } = this;
    if (end && !(late && isGood(end))) return refusal(`${doing}: etcd ${endText(end)}`);
    if (late) return refusal(`${doing}: ${stop.aborted ? 'interrupted' : this.tooLate()}`);
    return error instanceof EtcdFault ? refusal(doing, error) : error;
  }

  private tooLate(): string {
    const timeout = formatGoDuration(this.settings.timeoutMs);
    return `context deadline exceeded: not done within ${timeout}; --timeout or CILIUM_TIMEOUT gives it more time`;
  }

  /** A connection breaks a moment before its server's death is known. */
  private async earlyEnd(late: boolean): Promise<ChildEnd | undefined> {
    const { child, settings } = this;
    if (!child || late || this.doing === 'stopping etcd') return child?.endedAs;
    const waited = new AbortController();
    await Promise.race([child.ended, settings.clock.sleep(lastWordsMs, waited.signal)]);
    waited.abort();
    return child.endedAs;
  }

  private showOutput(child: EtcdChild): void {
    const log = this.settings.log.child('etcd');
    for (const line of child.output) log.error(line);
  }
}

/** Any signal may have been the end of it; a code other than 0 is etcd's own complaint. */
function isGood({ code, error }: ChildEnd): boolean {
  return error === undefined && (code === null || code === 0);
}

async function checkBinary(path: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch (cause) {
    throw refusal(`etcd binary ${path} cannot be run`, cause);
  }
  if (!(await stat(path)).isFile()) throw refusal(`etcd binary ${path} is no file`);
}

function refusal(message: string, cause?: unknown): StartError {
  return new StartError(message, {
    exitCode: 255,
    prefixed: false,
    ...(cause === undefined ? {} : { cause }),
  });
}
