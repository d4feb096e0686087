import { ServerSettings } from './server-settings.js';
import { AtLeast, DurationAtLeast, Rule } from './setting-rules.js';

/**
 * The flags of `clustermesh` beyond those of every server. Problems here are reported before theirs, in the order of the
 * properties. Texts: spec/k8s-sync.md §3.
 */
export class ClustermeshSettings extends ServerSettings {
  @Rule('range', '0..max-connected-clusters', idFault)
  clusterId!: number;

  @Rule('configured', 'a kubeconfig, an API server URL or a pod in a cluster', kubernetesFault)
  enableK8s!: boolean;

  @DurationAtLeast(0)
  crdWaitTimeout!: number;

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

  /** No flag: whether the environment says that this is a pod, which makes a configuration of Kubernetes needless. */
  inCluster!: boolean;
}

function idFault(id: number, settings: ClustermeshSettings): string | undefined {
  const max = settings.maxConnectedClusters === 511 ? 511 : 255;
  return id > max ? `invalid cluster id ${id}: must be in range 0..${max}` : undefined;
}

function kubernetesFault(enabled: boolean, settings: ClustermeshSettings): string | undefined {
  const configured = settings.inCluster || settings.k8sApiServer !== '' || settings.k8sKubeconfigPath !== '';
  return enabled && configured ? undefined : 'Kubernetes client not configured, cannot continue.';
}
