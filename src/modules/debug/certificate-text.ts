import { X509Certificate } from 'node:crypto';

/** `CERTIFICATE` blocks of a PEM file, in order. @throws Error for a block that is no certificate. */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** Lines that describe a certificate, as Go shows its parts. */
export function certificateLines(certificate: X509Certificate): string[] {
  return [
    `- Serial number:       ${serialText(certificate.serialNumber)}`,
    `  Subject:             ${nameText(certificate.subject)}`,
    `  Issuer:              ${nameText(certificate.issuer)}`,
    '  Validity:',
    `    Not before:  ${timeText(certificate.validFrom)}`,
    `    Not after:   ${timeText(certificate.validTo)}`,
  ];
}

/** In pairs of digits from the end: the original groups odd ones from the front, which makes another number of them. */
export function serialText(hex: string): string {
  const digits = hex.toLowerCase().replace(/^0+(?=.)/, '');
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return (even.match(/../g) ?? []).join(':');
}

/** The order of Go's pkix.Name. */
const nameOrder = ['serialNumber', 'CN', 'postalCode', 'street', 'ST', 'L', 'OU', 'O', 'C'];

/** `CN=x,O=y` of Node's `O=y\nCN=x`. */
export function nameText(subject: string | undefined): string {
  const parts = (subject ?? '').split(/\n| \+ /).filter((part) => part !== '');
  const byType = new Map<string, string[]>();
  for (const part of parts) {
    const type = part.split('=', 1)[0] ?? '';
    byType.set(type, [...(byType.get(type) ?? []), part]);
  }
  const rank = (type: string): number => {
    const at = nameOrder.indexOf(type);
    return at < 0 ? nameOrder.length : at;
  };
  return [...byType]
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .map(([, values]) => values.join('+'))
    .join(',');
}

/** `2026-11-23 12:44:40 +0000 UTC`. */
function timeText(openssl: string): string {
  return `${new Date(openssl).toISOString().replace('T', ' ').slice(0, 19)} +0000 UTC`;
}

const clientAuth = '1.3.6.1.5.5.7.3.2';

/** Whether a server that trusts these authorities would take the certificate for a client's. */
export function chainsTo(
  roots: readonly X509Certificate[],
  [leaf, ...intermediates]: readonly X509Certificate[],
  now: number,
): boolean {
  if (!leaf) return false;
  // Node calls the extended usages of a key its usage; a certificate without them is good for anything.
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages && !usages.includes(clientAuth)) return false;
  return reaches(leaf, roots, intermediates, now);
}

function reaches(
  certificate: X509Certificate,
  roots: readonly X509Certificate[],
  intermediates: readonly X509Certificate[],
  now: number,
): boolean {
  if (!isValidAt(certificate, now)) return false;
  const isIssuer = (issuer: X509Certificate): boolean =>
    certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  if (roots.some((root) => isIssuer(root) && isValidAt(root, now))) return true;
  const issuer = intermediates.find(isIssuer);
  if (!issuer) return false;
  const others = intermediates.filter((one) => one !== issuer);
  return reaches(issuer, roots, others, now);
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}
