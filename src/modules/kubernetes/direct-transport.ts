import type { Clock } from '../../common/clock.js';
import type { ApiServerOptions } from '../config/api-server-options.js';
import { loadKubeCredentials } from './kube-credentials.js';
import { KubeTransport } from './kube-transport.js';

/** For a few requests whose time matters: connections of its own and no client-side limit. @throws StartError */
export async function directTransport(
  settings: ApiServerOptions,
  version: string,
  clock: Clock,
): Promise<KubeTransport> {
  return new KubeTransport({
    credentials: await loadKubeCredentials(settings, settings.environment),
    clock,
    limit: { take: () => Promise.resolve(true) },
    userAgent: `clustermesh-apiserver/${version}`,
    connectionTimeoutMs: 10_000,
    connectionKeepAliveMs: 30_000,
  });
}
