import 'reflect-metadata';
import { createPublicKey, generateKeyPair, type KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import { type Authority, type KeyPair, readAuthority } from './authority.js';
import type { CertificateRequest } from './certificate-request.js';
import { type KeyUses, keyUses } from './key-usage.js';

/** What a certificate says, as far as a request decides it. */
export interface CertificateContent extends KeyUses {
  readonly commonName: string;
  /** DNS names and IP addresses, sorted; addresses in one spelling. */
  readonly hosts: readonly string[];
  /** ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface AuthorityRequest {
  readonly commonName: string;
  readonly validityMs: number;
}

/** What the bits cRLSign and keyCertSign allow, as cfssl writes them. */
const authorityUses = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
/** Clocks of a cluster differ; what is signed now must be valid everywhere. */
const backdateMs = 5 * 60_000;
const signingAlgorithms: Readonly<Record<string, object>> = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  prime256v1: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
};

x509.cryptoProvider.set(webcrypto);

/** A new self-signed authority, RSA-2048 with SHA-256. */
export async function createAuthority(request: AuthorityRequest, now: number): Promise<Authority> {
  const key = await newKey();
  const subject = new x509.Name([{ CN: [request.commonName] }]);
  return selfSigned(key, subject, await subjectKeyId(key), request.validityMs, now);
}

/** The same key and name with a new life: what it has signed stays trusted, also by who still knows the old certificate. */
export async function renewAuthority(
  authority: Authority,
  validityMs: number,
  now: number,
): Promise<Authority> {
  const old = parse(authority.certificate.toString());
  const keyId = old.getExtension(x509.SubjectKeyIdentifierExtension) ?? (await subjectKeyId(authority.key));
  return selfSigned(authority.key, old.subjectName, keyId, validityMs, now);
}

/** A new key, RSA-2048, and its certificate, signed by the authority; it does not outlive it. */
export async function issueCertificate(
  request: CertificateRequest,
  authority: Authority,
  now: number,
): Promise<KeyPair> {
  const key = await newKey();
  const issuer = parse(authority.certificate.toString());
  const { bits, extended } = keyUses(request.usages);
  const certificate = await sign({
    key,
    signer: authority.key,
    subject: new x509.Name([{ CN: [request.commonName] }]),
    issuer: issuer.subjectName,
    notBefore: now - backdateMs,
    notAfter: Math.min(now + request.validityMs, issuer.notAfter.getTime()),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(bits === 0 ? [] : [new x509.KeyUsagesExtension(bits, true)]),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...extended])]),
      ...(request.hosts.length === 0
        ? []
        : [new x509.SubjectAlternativeNameExtension(request.hosts.map(jsonName))]),
      await subjectKeyId(key),
      ...authorityKeyId(issuer),
    ],
  });
  return { certificate, key: pemOf(key) };
}

/** @throws Error for what is no certificate. */
export function readContent(pem: string): CertificateContent {
  const certificate = parse(pem);
  const extended = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    commonName: certificate.subjectName.getField('CN')[0] ?? '',
    hosts: names.map(({ value }) => value).toSorted(),
    bits: certificate.getExtension(x509.KeyUsagesExtension)?.usages ?? 0,
    extended: extended.map(String).toSorted(),
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
  };
}

/** What issueCertificate would write, without its life. */
export function contentOf(request: CertificateRequest): Omit<CertificateContent, 'notBefore' | 'notAfter'> {
  const hosts = new x509.GeneralNames(request.hosts.map(jsonName)).items.map(({ value }) => value).toSorted();
  return { commonName: request.commonName, hosts, ...keyUses(request.usages) };
}

interface Unsigned {
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly subject: x509.Name;
  readonly issuer: x509.Name;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: x509.Extension[];
}

async function selfSigned(
  key: KeyObject,
  name: x509.Name,
  keyId: x509.Extension,
  validityMs: number,
  now: number,
): Promise<Authority> {
  const certificate = await sign({
    key,
    signer: key,
    subject: name,
    issuer: name,
    notBefore: now - backdateMs,
    notAfter: now + validityMs,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(authorityUses, true),
      keyId,
    ],
  });
  return readAuthority({ certificate, key: pemOf(key) });
}

async function sign(unsigned: Unsigned): Promise<string> {
  const { key, signer, subject, issuer, notBefore, notAfter, extensions } = unsigned;
  const algorithm = signingAlgorithmOf(signer);
  const pkcs8 = signer.export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject,
    issuer,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: publicKeyOf(key),
    signingKey,
    signingAlgorithm: algorithm,
    extensions,
  });
  return `${certificate.toString('pem')}\n`;
}

function signingAlgorithmOf(key: KeyObject): webcrypto.RsaHashedImportParams & webcrypto.EcdsaParams {
  const name = key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : key.asymmetricKeyType;
  const algorithm = signingAlgorithms[name ?? ''];
  if (!algorithm) throw new Error(`an authority's key of the kind ${name ?? 'unknown'} cannot sign here`);
  return algorithm as webcrypto.RsaHashedImportParams & webcrypto.EcdsaParams;
}

async function newKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey;
}

/** `RSA PRIVATE KEY` or `EC PRIVATE KEY`, which is what other tools write into these secrets and read. */
function pemOf(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  return key.export({ type, format: 'pem' }) as string;
}

function publicKeyOf(key: KeyObject): x509.PublicKey {
  const spki = createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).export({
    type: 'spki',
    format: 'der',
  });
  return new x509.PublicKey(spki);
}

function subjectKeyId(key: KeyObject): Promise<x509.SubjectKeyIdentifierExtension> {
  return x509.SubjectKeyIdentifierExtension.create(publicKeyOf(key));
}

/** The key's identifier alone: with name and serial number a renewed authority would not be taken for the issuer. */
function authorityKeyId(issuer: x509.X509Certificate): x509.Extension[] {
  const keyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)];
}

function jsonName(host: string): x509.JsonGeneralName {
  return { type: isIP(host) ? 'ip' : 'dns', value: host };
}

function parse(pem: string): x509.X509Certificate {
  return new x509.X509Certificate(pem);
}
