import type { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { certificatesOf } from '../debug/certificate-text.js';
import type { ClientIdentity } from './peer-secret.js';

/** Keys and texts of the ConfigMap that lists etcd's users; undefined: only the built-in ones are known (authMode legacy). */
export type UserTexts = Readonly<Record<string, string>> | undefined;

/** The user of every remote cluster that shows the stock certificate. `etcdinit` makes it. */
const builtinUser = 'remote';

/** The user that a cluster has in the etcd of others (spec/operations.md §10.5). */
export function userOf(cluster: string): string {
  return `remote-${cluster}`;
}

/**
 * The key of one connected cluster's user, beside the chart's own `users.yaml`: a release renders that one anew, and leaves keys
 * alone that it does not know.
 */
export function usersKey(cluster: string): string {
  return `connected.${cluster}.yaml`;
}

export function usersText(cluster: string): string {
  return `users:\n- name: ${userOf(cluster)}\n  role: remote\n`;
}

/** Whether a client that shows this certificate is somebody in an etcd with these users. A certificate without a name is not judged. */
export function isKnown(texts: UserTexts, { cert }: ClientIdentity): boolean {
  const user = commonNameOf(certificatesOf(cert)[0]);
  return user === undefined || user === builtinUser || listed(texts).includes(user);
}

export function commonNameOf(certificate: X509Certificate | undefined): string | undefined {
  return /^CN=(.*)$/m.exec(certificate?.subject ?? '')?.[1];
}

function listed(texts: UserTexts): unknown[] {
  return Object.values(texts ?? {}).flatMap((text) => {
    const file = parse(text) as { users?: { name?: unknown }[] | null } | null;
    return (file?.users ?? []).map(({ name }) => name);
  });
}
