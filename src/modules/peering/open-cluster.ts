import { systemClock } from '../../common/clock.js';
import { StartError } from '../../common/start-error.js';
import { TokenBucket } from '../../common/token-bucket.js';
import type { KubeAccessOptions } from '../config/peering-options.js';
import { type KubeCredentials, loadKubeCredentials } from '../kubernetes/kube-credentials.js';
import { KubeTransport } from '../kubernetes/kube-transport.js';
import type { ClusterHandle } from './access-information.js';

/**
 * A cluster by its context: of the first kubeconfig that has it. Opens no connection.
 * @param context '' = the current one. @throws StartError
 */
export async function openCluster(
  access: KubeAccessOptions,
  context: string,
  version: string,
): Promise<ClusterHandle> {
  const { credentials, name } = await credentialsOf(access, context);
  const api = new KubeTransport({
    credentials,
    clock: systemClock,
    limit: new TokenBucket({ rate: Infinity, burst: 1, clock: systemClock }),
    userAgent: `clustermesh-apiserver/${version}`,
    connectionTimeoutMs: 10_000,
    connectionKeepAliveMs: 30_000,
  });
  return { api, namespace: access.namespace, context: name };
}

async function credentialsOf(
  { kubeconfigs, environment }: KubeAccessOptions,
  context: string,
): Promise<{ readonly credentials: KubeCredentials; readonly name: string }> {
  if (kubeconfigs.length === 0) {
    if (context !== '') throw new StartError(`no kubeconfig is there to find the context ${context} in`);
    const inPod = { enabled: true, kubeconfigPath: '', apiServer: '' };
    return { credentials: await loadKubeCredentials(inPod, environment), name: 'in-cluster' };
  }
  const { loadKubeconfigCredentials } = await import('../kubernetes/kubeconfig-credentials.js');
  const faults: StartError[] = [];
  for (const path of kubeconfigs) {
    try {
      const credentials = await loadKubeconfigCredentials(path, context);
      return { credentials, name: credentials.context };
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      faults.push(error);
    }
  }
  throw new StartError(faults.map(({ message }) => message).join('; '));
}
