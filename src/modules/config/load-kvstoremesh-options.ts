import type { KvstoremeshOptions } from './kvstoremesh-options.js';
import { KvstoremeshSettings } from './kvstoremesh-settings.js';
import { type LoadedOptions, loadKvstoreCommand } from './load-kvstore-command.js';
import type { ReadArgv } from './read-argv.js';
import type { Environment } from './resolve-flags.js';
import { serverOptionsOf } from './server-settings.js';

/** Reads, checks and freezes the options of `kvstoremesh`. Opens nothing. */
export function loadKvstoremeshOptions(
  argv: Pick<ReadArgv, 'given' | 'errors'>,
  env: Environment,
): LoadedOptions<KvstoremeshOptions> {
  return loadKvstoreCommand('kvstoremesh', new KvstoremeshSettings(), argv, env, (settings, kvstore) => ({
    ...serverOptionsOf(settings, kvstore, env),
    clustermeshConfig: settings.clustermeshConfig,
    apiServeAddr: settings.apiServeAddr,
    perClusterReadyTimeoutMs: settings.perClusterReadyTimeout,
    globalReadyTimeoutMs: settings.globalReadyTimeout,
    disableDrainOnDisconnection: settings.disableDrainOnDisconnection,
    cacheTtlMs: settings.clustermeshCacheTtl,
  }));
}
