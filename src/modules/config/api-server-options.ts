import type { KubernetesOptions } from './clustermesh-options.js';
import type { Environment } from './resolve-flags.js';

/** Which API server, for what needs no more of Kubernetes than a few requests. */
export type ApiServerOptions = Pick<
  KubernetesOptions,
  'enabled' | 'apiServer' | 'kubeconfigPath' | 'environment'
>;

export function apiServerOf(
  settings: { readonly k8sApiServer: string; readonly k8sKubeconfigPath: string },
  env: Environment,
): ApiServerOptions {
  return {
    enabled: true,
    apiServer: settings.k8sApiServer,
    kubeconfigPath: settings.k8sKubeconfigPath,
    environment: kubernetesEnvironment(env),
  };
}

/** What the environment of a pod says of its API server. */
export function kubernetesEnvironment(env: Environment): KubernetesOptions['environment'] {
  return {
    KUBERNETES_SERVICE_HOST: env['KUBERNETES_SERVICE_HOST'],
    KUBERNETES_SERVICE_PORT: env['KUBERNETES_SERVICE_PORT'],
    K8S_NODE_NAME: env['K8S_NODE_NAME'],
  };
}
