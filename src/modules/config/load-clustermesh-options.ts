import { kubernetesEnvironment } from './api-server-options.js';
import type { ClustermeshOptions, KubernetesOptions } from './clustermesh-options.js';
import { ClustermeshSettings } from './clustermesh-settings.js';
import { type LoadedOptions, loadKvstoreCommand } from './load-kvstore-command.js';
import type { ReadArgv } from './read-argv.js';
import type { Environment } from './resolve-flags.js';
import type { KvstoreOptions } from './server-options.js';
import { serverOptionsOf } from './server-settings.js';

/** Reads, checks and freezes the options of `clustermesh`. Opens nothing. */
export function loadClustermeshOptions(
  argv: Pick<ReadArgv, 'given' | 'errors'>,
  env: Environment,
): LoadedOptions<ClustermeshOptions> {
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const inCluster =
    (isSet('KUBERNETES_SERVICE_HOST') && isSet('KUBERNETES_SERVICE_PORT')) || isSet('K8S_NODE_NAME');
  const blank = Object.assign(new ClustermeshSettings(), { inCluster });
  return loadKvstoreCommand('clustermesh', blank, argv, env, (settings, kvstore) =>
    optionsOf(settings, kvstore, env),
  );
}

function optionsOf(
  settings: ClustermeshSettings,
  kvstore: KvstoreOptions,
  env: Environment,
): ClustermeshOptions {
  return {
    ...serverOptionsOf(settings, kvstore, env),
    crdWaitTimeoutMs: settings.crdWaitTimeout,
    enableExternalWorkloads: settings.enableExternalWorkloads,
    clusterUsersEnabled: settings.clusterUsersEnabled,
    clusterUsersConfigPath: settings.clusterUsersConfigPath,
    kubernetes: kubernetesOf(settings, env),
    gopsPort: settings.gopsPort,
    pprof: settings.pprof,
    pprofAddress: settings.pprofAddress,
    pprofPort: settings.pprofPort,
  };
}

function kubernetesOf(settings: ClustermeshSettings, env: Environment): KubernetesOptions {
  return {
    enabled: settings.enableK8s,
    apiServer: settings.k8sApiServer,
    kubeconfigPath: settings.k8sKubeconfigPath,
    apiDiscovery: settings.enableK8sApiDiscovery,
    endpointSlice: settings.enableK8sEndpointSlice,
    clientQps: settings.k8sClientQps,
    clientBurst: settings.k8sClientBurst,
    connectionTimeoutMs: settings.k8sClientConnectionTimeout,
    connectionKeepAliveMs: settings.k8sClientConnectionKeepAlive,
    heartbeatTimeoutMs: settings.k8sHeartbeatTimeout,
    serviceProxyName: settings.k8sServiceProxyName,
    environment: kubernetesEnvironment(env),
  };
}
