import type { KubeObject } from '../kubernetes/kube-api.js';

/** The objects that connecting clusters reads, as far as it reads them; any field may be absent. */

/** Values are base64. */
export interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

export interface ConfigMapObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

export interface ServiceObject extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly port?: number; readonly nodePort?: number }[];
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

export interface NodeObject extends KubeObject {
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  };
}

export interface ContainerObject {
  readonly name?: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name?: string; readonly value?: string }[];
}

export interface HostAlias {
  readonly ip: string;
  readonly hostnames?: readonly string[];
}

export interface DeploymentObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly generation?: number };
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly ContainerObject[];
        readonly hostAliases?: readonly HostAlias[];
      };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly updatedReplicas?: number;
  };
}

/** The names that Cilium's agents, its charts and its command line agree on (spec/operations.md §10.1, §10.5). */
export const names = {
  server: 'clustermesh-apiserver',
  agentSecret: 'cilium-clustermesh',
  kvstoremeshSecret: 'cilium-kvstoremesh',
  remoteCertificate: 'clustermesh-apiserver-remote-cert',
  serverCertificate: 'clustermesh-apiserver-server-cert',
  ca: 'cilium-ca',
  config: 'cilium-config',
  users: 'clustermesh-remote-users',
} as const;

/** Where agents and KVStoreMesh find the keys of their secrets as files. */
export const configFolder = '/var/lib/cilium/clustermesh/';

/** Under which clusters without a name of their own are addressed; every server certificate covers `*.` of it. */
export const meshDomain = 'mesh.cilium.io';
