import type { Agent } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { StartError } from '../../common/start-error.js';
import type { KubernetesOptions } from '../config/clustermesh-options.js';
import { loadInClusterCredentials } from './in-cluster-credentials.js';

/** Who we are, for one request. */
export interface KubeIdentity {
  /** `authorization` and the like. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsIdentity;
  /** Only with a proxy: this agent instead of the transport's own. */
  readonly agent?: Agent;
}

export interface TlsIdentity extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'passphrase'> {
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** The API server's address and how to authenticate there. */
export interface KubeCredentials {
  /** `https://10.0.0.1:443`, without a slash at the end. */
  readonly server: string;
  /** For each request anew: token files and exec plugins rotate. Rejects when they cannot be had. */
  identify(): Promise<KubeIdentity>;
}

/** What the choice of credentials looks at in the environment. */
export interface KubeEnvironment {
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
  readonly K8S_NODE_NAME?: string | undefined;
}

export class KubeConfigMissing extends StartError {
  constructor() {
    super('Kubernetes client not configured, cannot continue.', { prefixed: false });
  }
}

type Settings = Pick<KubernetesOptions, 'enabled' | 'kubeconfigPath' | 'apiServer'>;

/**
 * The kubeconfig, else --k8s-api-server, else the pod's service account (spec/k8s-sync.md §4).
 * @throws KubeConfigMissing when none of them is given; StartError when the one that is cannot be used.
 */
export async function loadKubeCredentials(
  { enabled, kubeconfigPath, apiServer }: Settings,
  environment: KubeEnvironment,
  serviceAccountDirectory?: string,
): Promise<KubeCredentials> {
  if (!enabled) throw new KubeConfigMissing();
  if (kubeconfigPath !== '') {
    // client-node costs 15 MiB of memory and 50 ms even bundled; in a pod it is never loaded.
    const { loadKubeconfigCredentials } = await import('./kubeconfig-credentials.js');
    return loadKubeconfigCredentials(kubeconfigPath);
  }
  const inCluster = (server?: string): Promise<KubeCredentials> =>
    loadInClusterCredentials({
      environment,
      ...(server === undefined ? {} : { server }),
      ...(serviceAccountDirectory === undefined ? {} : { directory: serviceAccountDirectory }),
    });
  if (apiServer !== '') {
    const server = withoutSlash(apiServer.startsWith('http') ? apiServer : `http://${apiServer}`);
    return server.startsWith('https://') ? inCluster(server) : anonymous(server);
  }
  if (!insideCluster(environment)) throw new KubeConfigMissing();
  return inCluster();
}

function insideCluster(environment: KubeEnvironment): boolean {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, K8S_NODE_NAME: node } = environment;
  return Boolean((host && port) || node);
}

function anonymous(server: string): KubeCredentials {
  if (!URL.canParse(server)) throw new StartError(`invalid --k8s-api-server: ${JSON.stringify(server)}`);
  return { server, identify: () => Promise.resolve({ headers: {}, tls: {} }) };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
