import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** PEM texts. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority: what `cilium-ca` holds. */
export interface Authority {
  /** All certificates of `ca.crt`, PEM; the first is the one that signs. */
  readonly bundle: string;
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** @throws Error that says what is wrong with it. */
export function readAuthority({ certificate: bundle, key: keyPem }: KeyPair): Authority {
  const certificate = readAs('ca.crt is no certificate', () => new X509Certificate(bundle));
  const key = readAs('ca.key is no private key', () => createPrivateKey(keyPem));
  if (!certificate.checkPrivateKey(key)) throw new Error('ca.key is not the key of ca.crt');
  if (!certificate.ca) throw new Error('ca.crt is no certificate of an authority');
  return { bundle, certificate, key };
}

/** A root: it can be made anew from its own key. */
export function isSelfSigned({ certificate }: Authority): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

/** The cause is left out: it could quote the key. */
function readAs<T>(fault: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new Error(fault);
  }
}
