import type { ApiServerOptions } from './api-server-options.js';

/** Everything that `certs` is told, typed, validated once and frozen. */
export interface CertsOptions {
  readonly authority: AuthorityOptions;
  /** The list of certificates as YAML or JSON, in the form of cilium-certgen: `certs: [{name, namespace, commonName, …}]`. */
  readonly requests: string;
  readonly apiServer: ApiServerOptions;
}

/** Which certificate authority signs. */
export interface AuthorityOptions {
  /** Make one if there is none to be reused. */
  readonly generate: boolean;
  /** Take the one in the secret if it is there. */
  readonly reuseSecret: boolean;
  readonly secretNamespace: string;
  readonly secretName: string;
  readonly commonName: string;
  readonly validityMs: number;
}
