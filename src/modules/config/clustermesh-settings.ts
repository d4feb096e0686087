import { LeaderElectionSettings } from './leader-election-options.js';
import { addressFault, adminFault, kvstoreFault, nameFault } from './setting-faults.js';
import { AtLeast, DurationAtLeast, InRange, OneOf, Rule } from './setting-rules.js';

const maxClusters = [255, 511] as const;

/**
 * The flags of `clustermesh` by property name, with the rules that hold for them; durations in ms. The order of the
 * properties is the order in which problems are reported. Texts: spec/k8s-sync.md §3.
 */
export class ClustermeshSettings extends LeaderElectionSettings {
  @OneOf(maxClusters)
  maxConnectedClusters!: number;

  @Rule('range', '0..max-connected-clusters', idFault)
  clusterId!: number;

  // Fatal here, as from 1.17 on; 1.16 only logs it (golden/README.md, difference 8).
  @Rule('form', 'up to 32 of a-z, 0-9 and -, alphanumeric at both ends', nameFault)
  @Rule('default', 'another name than default, or cluster-id 0', defaultNameFault)
  clusterName!: string;

  @Rule('configured', 'a kubeconfig, an API server URL or a pod in a cluster', kubernetesFault)
  enableK8s!: boolean;

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

  @DurationAtLeast(0)
  crdWaitTimeout!: number;

  @InRange(0, 65_535)
  healthPort!: number;

  @Rule('address', 'host:port, :port or nothing', addressFault)
  prometheusServeAddr!: string;

  @Rule('loopback', 'host:port with a loopback host such as 127.0.0.1, or nothing', adminFault)
  adminServeAddr!: string;

  @OneOf(['logfmt', 'json'])
  logFormat!: 'logfmt' | 'json';

  @AtLeast(0)
  k8sClientQps!: number;

  @AtLeast(0)
  k8sClientBurst!: number;

  @DurationAtLeast(0)
  k8sClientConnectionTimeout!: number;

  @DurationAtLeast(0)
  k8sClientConnectionKeepAlive!: number;

  @DurationAtLeast(0)
  k8sHeartbeatTimeout!: number;

  k8sServiceProxyName!: string;
  enableK8sApiDiscovery!: boolean;
  enableK8sEndpointSlice!: boolean;
  enableExternalWorkloads!: boolean;
  clusterUsersEnabled!: boolean;
  clusterUsersConfigPath!: string;
  controllerGroupMetrics!: readonly string[];
  debug!: boolean;
  gopsPort!: number;
  pprof!: boolean;
  pprofAddress!: string;
  pprofPort!: number;

  /** No flag: whether the environment says that this is a pod, which makes a configuration of Kubernetes needless. */
  inCluster!: boolean;
}

function idFault(id: number, settings: ClustermeshSettings): string | undefined {
  const max = settings.maxConnectedClusters === 511 ? 511 : 255;
  return id > max ? `invalid cluster id ${id}: must be in range 0..${max}` : undefined;
}

function defaultNameFault(name: string, settings: ClustermeshSettings): string | undefined {
  if (name !== 'default' || settings.clusterId === 0) return undefined;
  return 'cannot use default cluster name (default) with option cluster-id';
}

function kubernetesFault(enabled: boolean, settings: ClustermeshSettings): string | undefined {
  const configured = settings.inCluster || settings.k8sApiServer !== '' || settings.k8sKubeconfigPath !== '';
  return enabled && configured ? undefined : 'Kubernetes client not configured, cannot continue.';
}
