import { LeaderElectionSettings } from './leader-election-options.js';
import { addressFault, adminFault, kvstoreFault, nameFault } from './setting-faults.js';
import { DurationAtLeast, InRange, OneOf, Rule } from './setting-rules.js';

/** The flags of `kvstoremesh` by property name, with the rules that hold for them; durations in ms (spec/kvstoremesh.md §2). */
export class KvstoremeshSettings extends LeaderElectionSettings {
  @OneOf([255, 511])
  maxConnectedClusters!: number;

  @Rule('range', '1..max-connected-clusters', idFault)
  clusterId!: number;

  @Rule('form', 'up to 32 of a-z, 0-9 and -, alphanumeric at both ends', nameFault)
  @Rule('default', 'another name than default', defaultNameFault)
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

  @Rule('given', 'a directory', directoryFault)
  clustermeshConfig!: string;

  @DurationAtLeast(0)
  perClusterReadyTimeout!: number;

  @DurationAtLeast(0)
  globalReadyTimeout!: number;

  @DurationAtLeast(0)
  clustermeshCacheTtl!: number;

  @InRange(0, 65_535)
  healthPort!: number;

  @Rule('address', 'host:port or :port', addressFault)
  apiServeAddr!: string;

  @Rule('address', 'host:port, :port or nothing', addressFault)
  prometheusServeAddr!: string;

  @Rule('loopback', 'host:port with a loopback host such as 127.0.0.1, or nothing', adminFault)
  adminServeAddr!: string;

  @OneOf(['logfmt', 'json'])
  logFormat!: 'logfmt' | 'json';

  controllerGroupMetrics!: readonly string[];
  debug!: boolean;
  disableDrainOnDisconnection!: boolean;
  gopsPort!: number;
  pprof!: boolean;
  pprofAddress!: string;
  pprofPort!: number;
}

/** The original's words, which differ from those of `clustermesh` (spec/operations.md §1.3). */
function idFault(id: number, settings: KvstoremeshSettings): string | undefined {
  const max = settings.maxConnectedClusters === 511 ? 511 : 255;
  if (id === 0) return 'ClusterID 0 is reserved';
  return id > max ? `ClusterID > ${max} is not supported` : undefined;
}

function defaultNameFault(name: string): string | undefined {
  return name === 'default' ? 'cannot use default cluster name (default) with option cluster-id' : undefined;
}

function directoryFault(path: string): string | undefined {
  return path === '' ? 'the ClusterMesh configuration directory is not configured' : undefined;
}
