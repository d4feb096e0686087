import { isIPv4, isIPv6 } from 'node:net';
import type { PeerCertificate } from 'node:tls';

/** Go's words for what a connection failed of. */
const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'read: connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
  ETIMEDOUT: 'i/o timeout',
  ABORT_ERR: 'i/o timeout',
};

/** `dial tcp 127.0.0.1:2379: connect: connection refused`. */
export function dialErrorText(error: unknown, address: string): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: ${lookupErrorText(error, address)}`;
  return `dial tcp ${address}: ${causes[code] ?? message}`;
}

export function lookupErrorText(error: unknown, host: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known = { ENOTFOUND: 'no such host', EAI_AGAIN: 'server misbehaving', ABORT_ERR: 'i/o timeout' };
  return `lookup ${host.replace(/:\d+$/, '')}: ${known[code as keyof typeof known] ?? message}`;
}

const unknownAuthority = 'x509: certificate signed by unknown authority';
const notValidNow = 'x509: certificate has expired or is not yet valid';

const verification: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: notValidNow,
  CERT_NOT_YET_VALID: notValidNow,
};

/** What the server said to our certificate, by the names of TLS's alerts. */
const alerts: readonly (readonly [RegExp, string])[] = [
  [/ALERT_BAD_CERTIFICATE/, 'bad certificate'],
  [/ALERT_UNKNOWN_CA/, 'unknown certificate authority'],
  [/ALERT_CERTIFICATE_REQUIRED/, 'certificate required'],
  [/ALERT_CERTIFICATE_UNKNOWN/, 'unknown certificate'],
  [/ALERT_CERTIFICATE_EXPIRED/, 'expired certificate'],
  [/ALERT_HANDSHAKE_FAILURE/, 'handshake failure'],
  [/ALERT_PROTOCOL_VERSION/, 'protocol version not supported'],
];

/** `remote error: tls: bad certificate`; undefined when the failure is no alert about our certificate. */
export function alertText(error: unknown): string | undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  const known = alerts.find(([pattern]) => pattern.test(code));
  return known && `remote error: tls: ${known[1]}`;
}

export function tlsErrorText(error: unknown, host: string): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { cert } = error as { cert?: PeerCertificate };
    return `tls: failed to verify certificate: ${wrongNameText(cert?.subjectaltname ?? '', host)}`;
  }
  if (verification[code]) return `tls: failed to verify certificate: ${verification[code]}`;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'tls: first record does not look like a TLS handshake';
  return alertText(error) ?? causes[code] ?? message;
}

function wrongNameText(altNames: string, host: string): string {
  const isIp = isIPv4(host) || isIPv6(host);
  const prefix = isIp ? 'IP Address:' : 'DNS:';
  const names = altNames
    .split(', ')
    .flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  if (names.length > 0) return `x509: certificate is valid for ${names.join(', ')}, not ${host}`;
  if (isIp) return `x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
  return `x509: certificate is not valid for any names, but wanted to match ${host}`;
}
