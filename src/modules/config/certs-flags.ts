import type { Flag, FlagType } from './flag.js';

/** Of `certs`, with cilium-certgen's names. */
export const CERTS_FLAGS: readonly Flag[] = [
  flag('ca-common-name', 'string', 'Cilium CA', 'Common name of a new certificate authority'),
  flag(
    'ca-generate',
    'bool',
    'false',
    'Make a certificate authority if there is none to be reused, renew one that ends',
  ),
  flag('ca-reuse-secret', 'bool', 'false', 'Use the certificate authority in the secret if there is one'),
  flag('ca-secret-name', 'string', 'cilium-ca', 'Name of the secret of the certificate authority'),
  flag(
    'ca-secret-namespace',
    'string',
    'kube-system',
    'Namespace of the secret of the certificate authority',
  ),
  flag('ca-validity-duration', 'duration', '26280h0m0s', 'Life of a new certificate authority'),
  {
    ...flag(
      'config',
      'string',
      '',
      'YAML or JSON: certs: [{name, namespace, commonName, hosts, usage, validity}]',
    ),
    env: 'CILIUM_CERTGEN_CONFIG',
  },
  { ...flag('debug', 'bool', 'false', 'Log at debug level'), shorthand: 'D' },
  flag(
    'k8s-api-server',
    'string',
    '',
    'URL of the Kubernetes API server; https:// reuses in-cluster credentials',
  ),
  flag('k8s-kubeconfig-path', 'string', '', 'Path of a kubeconfig file; wins over --k8s-api-server'),
  flag('log-format', 'string', 'logfmt', 'Format of log lines: logfmt or json'),
];

function flag(name: string, type: FlagType, byDefault: string, help: string): Flag {
  return { name, type, default: byDefault, help, commands: ['certs'] };
}
