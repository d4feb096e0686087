import { fileURLToPath } from 'node:url';

/** What the image holds beyond the system: programs are looked up here, files are put at their place. */
export const image = {
  programs: {
    '/usr/bin/clustermesh-apiserver': fileURLToPath(
      new URL('../../../bin/clustermesh-apiserver', import.meta.url),
    ),
    '/usr/bin/etcd': '/usr/bin/etcd',
  } as Readonly<Record<string, string>>,
  /** spec/operations.md §4.1 */
  files: {
    '/var/lib/cilium/etcd-config.yaml':
      'trusted-ca-file: /var/lib/cilium/etcd-secrets/ca.crt\n' +
      'key-file: /var/lib/cilium/etcd-secrets/tls.key\n' +
      'cert-file: /var/lib/cilium/etcd-secrets/tls.crt\n' +
      'endpoints:\n- https://127.0.0.1:2379\n',
  } as Readonly<Record<string, string>>,
};
