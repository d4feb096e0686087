import type { Environment } from './resolve-flags.js';
import { LeaderElectionSettings, leaderElectionOf } from './leader-election-options.js';
import type { KvstoreOptions, ServerOptions } from './server-options.js';
import { addressFault, adminFault, defaultNameFault, kvstoreFault, nameFault } from './setting-faults.js';
import { DurationAtLeast, InRange, OneOf, Rule } from './setting-rules.js';

/**
 * The flags that both servers have, by property name, with the rules that hold for them; durations in ms. A property that has
 * rules here must have none in a class below: class-validator would forget these.
 */
export abstract class ServerSettings extends LeaderElectionSettings {
  @OneOf([255, 511])
  maxConnectedClusters!: number;

  /** Each server has its own range, and its own words for it. */
  abstract clusterId: number;

  // Fatal here, as from 1.17 on; 1.16 only logs it (golden/README.md, difference 8).
  @Rule('form', 'up to 32 of a-z, 0-9 and -, alphanumeric at both ends', nameFault)
  @Rule('default', 'another name than default, or cluster-id 0', defaultNameFault)
  clusterName!: string;

  @Rule('known', 'etcd', kvstoreFault)
  kvstore!: string;

  kvstoreOpt!: Readonly<Record<string, string>>;

  @DurationAtLeast(1_000)
  kvstoreLeaseTtl!: number;

  @DurationAtLeast(1_000)
  kvstorePeriodicSync!: number;

  @DurationAtLeast(0)
  kvstoreConnectivityTimeout!: number;

  kvstoreMaxConsecutiveQuorumErrors!: number;

  @InRange(0, 65_535)
  healthPort!: number;

  @Rule('address', 'host:port, :port or nothing', addressFault)
  prometheusServeAddr!: string;

  @Rule('loopback', 'host:port with a loopback host such as 127.0.0.1, or nothing', adminFault)
  adminServeAddr!: string;

  @OneOf(['logfmt', 'json'])
  logFormat!: 'logfmt' | 'json';

  controllerGroupMetrics!: readonly string[];
  debug!: boolean;
  gopsPort!: number;
  pprof!: boolean;
  pprofAddress!: string;
  pprofPort!: number;
}

export function serverOptionsOf(
  settings: ServerSettings,
  kvstore: KvstoreOptions,
  env: Environment,
): ServerOptions {
  return {
    clusterName: settings.clusterName,
    clusterId: settings.clusterId,
    maxConnectedClusters: settings.maxConnectedClusters,
    kvstore,
    ...leaderElectionOf(settings, env),
    healthPort: settings.healthPort,
    prometheusServeAddr: settings.prometheusServeAddr,
    controllerGroupMetrics: settings.controllerGroupMetrics,
    adminServeAddr: settings.adminServeAddr,
    debug: settings.debug,
    logFormat: settings.logFormat,
  };
}
