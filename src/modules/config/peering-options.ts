import type { HostPort } from './host-port.js';

/** How to reach the API servers of clusters. */
export interface KubeAccessOptions {
  /** Files in which contexts are looked for, the first that has one wins; empty: only the pod's own service account. */
  readonly kubeconfigs: readonly string[];
  /** In which Cilium runs, in each cluster. */
  readonly namespace: string;
  /** What a pod's service account needs of the environment. */
  readonly environment: {
    readonly KUBERNETES_SERVICE_HOST?: string | undefined;
    readonly KUBERNETES_SERVICE_PORT?: string | undefined;
  };
}

/** `connect` and `disconnect`. */
export interface PeeringOptions extends KubeAccessOptions {
  /** '' = the current one. */
  readonly context: string;
  readonly destinationContexts: readonly string[];
  readonly mode: 'bidirectional' | 'mesh' | 'unicast';
}

export interface ConnectOptions extends PeeringOptions {
  /** Empty: the service is asked. */
  readonly sourceEndpoints: readonly HostPort[];
  readonly destinationEndpoints: readonly HostPort[];
}

export interface DisconnectOptions extends PeeringOptions {
  /** Names of clusters that cannot be asked any more. */
  readonly destinationNames: readonly string[];
}

/** `status`. */
export interface MeshStatusOptions extends KubeAccessOptions {
  /** Empty: the current one. */
  readonly contexts: readonly string[];
  readonly wait: boolean;
  readonly waitDurationMs: number;
  readonly output: 'summary' | 'json';
}

/** `secret extract`. */
export interface ExtractSecretOptions extends KubeAccessOptions {
  readonly context: string;
  /** Empty: the service is asked. */
  readonly addresses: readonly HostPort[];
  /** A file; `-`: stdout, whatever it is; '': stdout unless it is a terminal. */
  readonly output: string;
}

/** `secret import`. */
export interface ImportSecretsOptions extends KubeAccessOptions {
  readonly context: string;
  readonly files: readonly string[];
}
