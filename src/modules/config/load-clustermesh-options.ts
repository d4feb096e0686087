import type { ClustermeshOptions, KubernetesOptions, KvstoreOptions } from './clustermesh-options.js';
import { ClustermeshSettings } from './clustermesh-settings.js';
import { deepFreeze } from './deep-freeze.js';
import { propertyName } from './flag.js';
import { flagsOf } from './flags.js';
import { type KvstoreOpts, readKvstoreOpts } from './kvstore-opts.js';
import type { OptionProblem } from './option-problem.js';
import type { ReadArgv } from './read-argv.js';
import { effectiveOptions, type Environment, resolveFlags, type Setting } from './resolve-flags.js';
import { validateSettings } from './validate-settings.js';

/** What a command line and an environment amount to: the options, or everything that is wrong with them at once. */
export interface LoadedOptions<O> {
  readonly options: O | undefined;
  readonly problems: readonly OptionProblem[];
  /** How to log, as far as it could be read. */
  readonly logging: { readonly debug: boolean; readonly format: 'logfmt' | 'json' };
  /** `  --name='value'`, sorted. */
  readonly effective: readonly string[];
}

/** Reads, checks and freezes the options of `clustermesh`. Opens nothing. */
export function loadClustermeshOptions(
  argv: Pick<ReadArgv, 'given' | 'errors'>,
  env: Environment,
): LoadedOptions<ClustermeshOptions> {
  const { settings, problems } = resolveFlags(flagsOf('clustermesh'), argv.given, env);
  const typed = typedSettings(settings, env);
  const origin = settings.find((setting) => setting.flag.name === 'kvstore-opt')?.origin ?? '';
  const { opts, problem: badOpts } = readKvstoreOpts(typed.kvstoreOpt, origin);

  const unreadable = new Set(problems.map((problem) => problem.flag));
  const rules = [...validateSettings(typed, settings), ...kvstoreProblems(typed, opts), badOpts ?? []].flat();
  const all = [
    ...argv.errors.map((message): OptionProblem => ({ flag: '', message, usage: true })),
    ...problems,
    ...rules.filter((problem) => !unreadable.has(problem.flag)),
  ];
  return {
    options: all.length === 0 ? deepFreeze(optionsOf(typed, opts, env)) : undefined,
    problems: all,
    logging: { debug: typed.debug, format: typed.logFormat === 'json' ? 'json' : 'logfmt' },
    effective: effectiveOptions(settings),
  };
}

function typedSettings(settings: readonly Setting[], env: Environment): ClustermeshSettings {
  const values = Object.fromEntries(settings.map(({ flag, value }) => [propertyName(flag), value]));
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const inCluster =
    (isSet('KUBERNETES_SERVICE_HOST') && isSet('KUBERNETES_SERVICE_PORT')) || isSet('K8S_NODE_NAME');
  return Object.assign(new ClustermeshSettings(), values, { inCluster });
}

function kvstoreProblems(settings: ClustermeshSettings, opts: KvstoreOpts): OptionProblem[] {
  if (
    settings.kvstore !== 'etcd' ||
    (opts['etcd.config'] ?? '') !== '' ||
    (opts['etcd.address'] ?? '') !== ''
  ) {
    return [];
  }
  const message =
    'failed connecting to kvstore: invalid etcd configuration, etcd.config or etcd.address must be specified';
  const expected = 'etcd.config=<path> or etcd.address=<url>';
  return [{ flag: 'kvstore-opt', message, usage: false, option: '--kvstore-opt', expected }];
}

function optionsOf(settings: ClustermeshSettings, opts: KvstoreOpts, env: Environment): ClustermeshOptions {
  return {
    clusterName: settings.clusterName,
    clusterId: settings.clusterId,
    maxConnectedClusters: settings.maxConnectedClusters,
    kvstore: kvstoreOf(settings, opts),
    crdWaitTimeoutMs: settings.crdWaitTimeout,
    enableExternalWorkloads: settings.enableExternalWorkloads,
    clusterUsersEnabled: settings.clusterUsersEnabled,
    clusterUsersConfigPath: settings.clusterUsersConfigPath,
    kubernetes: kubernetesOf(settings, env),
    healthPort: settings.healthPort,
    prometheusServeAddr: settings.prometheusServeAddr,
    controllerGroupMetrics: settings.controllerGroupMetrics,
    adminServeAddr: settings.adminServeAddr,
    debug: settings.debug,
    logFormat: settings.logFormat,
    gopsPort: settings.gopsPort,
    pprof: settings.pprof,
    pprofAddress: settings.pprofAddress,
    pprofPort: settings.pprofPort,
  };
}

function kvstoreOf(settings: ClustermeshSettings, opts: KvstoreOpts): KvstoreOptions {
  const qps = opts['etcd.qps'] ?? 20;
  return {
    ...(opts['etcd.config'] ? { configPath: opts['etcd.config'] } : {}),
    ...(opts['etcd.address'] ? { address: opts['etcd.address'] } : {}),
    qps,
    ...(opts['etcd.bootstrapQps'] ? { bootstrapQps: opts['etcd.bootstrapQps'] } : {}),
    maxInflight: opts['etcd.maxInflight'] || qps,
    limit: opts['etcd.limit'] ?? 256,
    keepaliveHeartbeatMs: opts['etcd.keepaliveHeartbeat'] ?? 15_000,
    keepaliveTimeoutMs: opts['etcd.keepaliveTimeout'] ?? 25_000,
    maxTxnOps: opts['etcd.maxTxnOps'] ?? 128,
    leaseTtlMs: settings.kvstoreLeaseTtl,
    periodicSyncMs: settings.kvstorePeriodicSync,
    connectivityTimeoutMs: settings.kvstoreConnectivityTimeout,
    maxConsecutiveQuorumErrors: settings.kvstoreMaxConsecutiveQuorumErrors,
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
    environment: {
      KUBERNETES_SERVICE_HOST: env['KUBERNETES_SERVICE_HOST'],
      KUBERNETES_SERVICE_PORT: env['KUBERNETES_SERVICE_PORT'],
      K8S_NODE_NAME: env['K8S_NODE_NAME'],
    },
  };
}
