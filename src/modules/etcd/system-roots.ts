import { existsSync, readFileSync } from 'node:fs';

/** Where Go looks for the system's authorities on Linux, in its order. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The system's authorities, PEM; undefined where it has none: then Node's own apply. An operator's authority is found here only. */
export function systemRoots(): Buffer | undefined {
  const bundle = bundles.find((path) => existsSync(path));
  return bundle === undefined ? undefined : readFileSync(bundle);
}
