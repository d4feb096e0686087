import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { StartError } from '../../common/start-error.js';
import type { KubeCredentials, KubeEnvironment, KubeIdentity } from './kube-credentials.js';

export interface InClusterOptions {
  readonly environment: KubeEnvironment;
  /** Instead of the address in the environment; `https://…`. */
  readonly server?: string;
  readonly directory?: string;
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The pod's service account. Both files are read for each request: they are small, requests are few, and kubelet rotates them. */
export async function loadInClusterCredentials(options: InClusterOptions): Promise<KubeCredentials> {
  const server = options.server ?? addressOf(options.environment);
  const directory = options.directory ?? serviceAccount;
  const identify = async (): Promise<KubeIdentity> => {
    const [token, ca] = await Promise.all([
      readFile(join(directory, 'token'), 'utf8'),
      readAuthority(join(directory, 'ca.crt')),
    ]);
    return { headers: { authorization: `Bearer ${token.trim()}` }, tls: ca === undefined ? {} : { ca } };
  };
  try {
    await identify();
  } catch (error) {
    throw new StartError('unable to read the service account', { cause: error });
  }
  return { server, identify };
}

function addressOf(environment: KubeEnvironment): string {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (!host || !port) {
    throw new StartError(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  }
  return `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Without the file the system's authorities decide, as in client-go. */
async function readAuthority(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
