import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Authority, KeyPair } from './authority.js';
import type { CertificateRequest } from './certificate-request.js';
import { type CertificateContent, contentOf, readContent } from './x509.js';

/** Lives that differ by less were asked for as the same: other tools back-date differently. */
const lifeToleranceMs = 3_600_000;

/** Why a certificate must be issued anew, in plain words; undefined: it stays. */
export function renewalReason(
  pair: KeyPair,
  request: CertificateRequest,
  authority: Authority,
  now: number,
): string | undefined {
  const certificate = tryTo(() => new X509Certificate(pair.certificate));
  if (!certificate) return 'tls.crt is no certificate';
  const key = tryTo(() => createPrivateKey(pair.key));
  if (!key || !certificate.checkPrivateKey(key)) return 'tls.key is not its key';
  const { certificate: issuer } = authority;
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
    return 'signed by another authority';
  const content = readContent(pair.certificate);
  return contentFault(content, request) ?? lifeFault(content, request, authority, now);
}

/** Whether less than a third of its life is left. */
export function nearsExpiry(life: Pick<CertificateContent, 'notBefore' | 'notAfter'>, now: number): boolean {
  return life.notAfter - now < (life.notAfter - life.notBefore) / 3;
}

function contentFault(present: CertificateContent, request: CertificateRequest): string | undefined {
  const wanted = contentOf(request);
  if (present.commonName !== wanted.commonName) return 'another common name';
  if (present.hosts.join() !== wanted.hosts.join()) return 'other hosts';
  if (present.bits !== wanted.bits) return 'another key usage';
  if (present.extended.join() !== wanted.extended.join()) return 'another extended key usage';
  return undefined;
}

function lifeFault(
  content: CertificateContent,
  request: CertificateRequest,
  authority: Authority,
  now: number,
): string | undefined {
  if (nearsExpiry(content, now)) return 'less than a third of its life is left';
  const { notBefore, notAfter } = content;
  const longest = Date.parse(authority.certificate.validTo);
  const wantedEnd = Math.min(notBefore + request.validityMs, longest);
  return Math.abs(notAfter - wantedEnd) > lifeToleranceMs ? 'another validity' : undefined;
}

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
