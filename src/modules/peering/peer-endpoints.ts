import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { meshDomain } from './cluster-objects.js';
import { endpointUrl, type HostAndPort } from './host-and-port.js';

export interface PeerEndpoints {
  /** URLs. */
  readonly endpoints: readonly string[];
  /** Pods that use them need this name for these addresses. */
  readonly alias?: { readonly hostname: string; readonly ips: readonly string[] };
}

/** The name under which a peer is addressed when its certificate does not cover its addresses. */
export function peerHostname(name: string): string {
  return `${name}.${meshDomain}`;
}

/**
 * The addresses by which a server will be believed: those that its certificate covers, else its name in the mesh domain, which
 * then must lead to its addresses. Without a certificate to look at, all of them.
 * @throws Error when the certificate covers neither: every handshake would fail.
 */
export function peerEndpoints(
  name: string,
  addresses: readonly HostAndPort[],
  certificate: X509Certificate | undefined,
): PeerEndpoints {
  if (!certificate) return { endpoints: addresses.map(endpointUrl) };
  const covered = addresses.filter(({ host }) => covers(certificate, host));
  if (covered.length > 0) return { endpoints: covered.map(endpointUrl) };
  const hostname = peerHostname(name);
  const ips = addresses.map(({ host }) => host).filter((host) => isIP(host) !== 0);
  if (!covers(certificate, hostname) || ips.length === 0) {
    const hosts = addresses.map(({ host }) => host).join(', ');
    throw new Error(
      `its server certificate covers ${certificate.subjectAltName ?? 'no name'}, but not ${hosts}: ` +
        'add them to tls.server.extraIpAddresses or extraDnsNames there, or give an address that it covers',
    );
  }
  const ports = new Set(addresses.map(({ port }) => port));
  const endpoints = [...ports].map((port) => endpointUrl({ host: hostname, port }));
  return { endpoints, alias: { hostname, ips } };
}

export function covers(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}
