import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import { StartError } from '../../common/start-error.js';
import type { KubernetesOptions } from '../config/clustermesh-options.js';
import { type KubeApi, KubeError } from './kube-api.js';
import { resourcePath, resources } from './resources.js';
import { isAtLeast, parseServerVersion, type ServerVersion, type VersionAnswer } from './server-version.js';
import { chooseSlicesSource, type SlicesSource } from './slices-source.js';

/** What was learnt about the API server. */
export interface KubernetesServer {
  /** `1.20.2`. */
  readonly version: string;
  readonly slicesSource: SlicesSource;
  /** Whether reflectors may ask for watch lists; they fall back if the server refuses after all. */
  readonly watchList: boolean;
}

export interface ConnectOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly settings: Pick<KubernetesOptions, 'apiDiscovery' | 'endpointSlice'>;
  /** The API server's address, for the log. */
  readonly server: string;
  readonly clock: Clock;
  readonly log: Log;
}

const probeEveryMs = 5_000;
const giveUpAfterMs = 60_000;

/**
 * Waits until the API server answers, at most 60 s, and learns what it can (spec/k8s-sync.md §4).
 * @throws StartError, or KubeError `Aborted` when the signal aborts first.
 */
export async function connectToServer(
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<KubernetesServer> {
  const { api, settings } = options;
  const log = options.log.child('k8s-client');
  await waitUntilReady(options, log, signal);
  log.info('Connected to apiserver');
  const version = await readVersion(api, signal);
  const slicesSource = await chooseSlicesSource({
    api,
    version,
    wanted: settings.endpointSlice,
    discovery: settings.apiDiscovery,
    log: options.log.child('k8s'),
    signal,
  });
  return { version: version.text, slicesSource, watchList: isAtLeast(version, 1, 32) };
}

async function waitUntilReady(
  { api, server, clock }: ConnectOptions,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = clock.monotonic();
  const path = resourcePath(resources.namespaces, { name: 'kube-system' });
  for (let attempt = 1; ; attempt++) {
    log.info('Establishing connection to apiserver', { host: server });
    try {
      await api.request('GET', path, { signal });
      return;
    } catch (error) {
      if (!(error instanceof KubeError) || signal.aborted) throw error;
      if (clock.monotonic() - startedAt >= giveUpAfterMs) {
        log.error('Unable to contact k8s api-server', { ipAddr: server, error });
        throw new StartError(error.message, { cause: error });
      }
      log.debug('The apiserver does not answer yet', { host: server, error });
    }
    const pause = Math.max(0, startedAt + attempt * probeEveryMs - clock.monotonic());
    await clock.sleep(pause, signal);
  }
}

async function readVersion(api: Pick<KubeApi, 'request'>, signal: AbortSignal): Promise<ServerVersion> {
  const version = await askVersion(api, signal);
  if (isAtLeast(version, 1, 16)) return version;
  throw new StartError(`k8s version (${version.text}) is not meeting the minimal requirement (1.16.0)`);
}

async function askVersion(api: Pick<KubeApi, 'request'>, signal: AbortSignal): Promise<ServerVersion> {
  try {
    return parseServerVersion(await api.request<VersionAnswer>('GET', '/version', { signal }));
  } catch (error) {
    if (signal.aborted) throw error;
    throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
