import type { ClustermeshOptions } from '../../../src/modules/config/clustermesh-options.js';
import { flagsOf } from '../../../src/modules/config/flags.js';
import { loadClustermeshOptions } from '../../../src/modules/config/load-clustermesh-options.js';
import type { LoadedOptions } from '../../../src/modules/config/load-kvstore-command.js';
import { readArgv } from '../../../src/modules/config/read-argv.js';
import type { Environment } from '../../../src/modules/config/resolve-flags.js';

const base = ['--kvstore-opt=etcd.address=http://127.0.0.1:2379', '--k8s-kubeconfig-path=/kube/config'];

export function load(tokens: readonly string[], env: Environment = {}): LoadedOptions<ClustermeshOptions> {
  return loadClustermeshOptions(readArgv(tokens, flagsOf('clustermesh')), env);
}

export function loadWithBase(
  tokens: readonly string[],
  env: Environment = {},
): LoadedOptions<ClustermeshOptions> {
  return load([...base, ...tokens], env);
}
