import type { ServerOptions } from './server-options.js';

/** Everything that `clustermesh` is told. Names are the flags' in camel case; durations are ms. */
export interface ClustermeshOptions extends ServerOptions {
  readonly crdWaitTimeoutMs: number;
  readonly enableExternalWorkloads: boolean;
  readonly clusterUsersEnabled: boolean;
  readonly clusterUsersConfigPath: string;
  readonly kubernetes: KubernetesOptions;
  readonly gopsPort: number;
  readonly pprof: boolean;
  readonly pprofAddress: string;
  readonly pprofPort: number;
}

export interface KubernetesOptions {
  readonly enabled: boolean;
  readonly apiServer: string;
  readonly kubeconfigPath: string;
  readonly apiDiscovery: boolean;
  readonly endpointSlice: boolean;
  /** 0 = client-go's defaults, 5/s with a burst of 10; lists and watches count as one request. */
  readonly clientQps: number;
  readonly clientBurst: number;
  readonly connectionTimeoutMs: number;
  readonly connectionKeepAliveMs: number;
  /** Period and timeout of GET /healthz; 0 = off. */
  readonly heartbeatTimeoutMs: number;
  readonly serviceProxyName: string;
  /** Where a pod finds its API server: what the environment says of it. */
  readonly environment: {
    readonly KUBERNETES_SERVICE_HOST?: string | undefined;
    readonly KUBERNETES_SERVICE_PORT?: string | undefined;
    readonly K8S_NODE_NAME?: string | undefined;
  };
}

export const CLUSTERMESH_OPTIONS = Symbol('ClustermeshOptions');
