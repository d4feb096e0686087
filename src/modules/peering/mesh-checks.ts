import type { X509Certificate } from 'node:crypto';
import { certificatesOf, chainsTo } from '../debug/certificate-text.js';
import type { ClusterIdentity } from './access-information.js';
import type { ClientIdentity } from './peer-secret.js';

/** One line for everything that keeps clusters from being one mesh (spec/operations.md §12.2). */
export function meshFaults(clusters: readonly ClusterIdentity[]): string[] {
  return [
    ...clusters.flatMap(identityFaults),
    ...clusters.flatMap((cluster, at) =>
      clusters.slice(0, at).flatMap((other) => pairFaults(other, cluster)),
    ),
  ];
}

function identityFaults({ name, id, maxConnectedClusters: max }: ClusterIdentity): string[] {
  const faults: string[] = [];
  if (name === 'default')
    faults.push('cluster-name is "default": expected a name that no other cluster of the mesh has');
  if (id === 0) faults.push(`cluster-id of ${name} is 0: expected 1..${max}`);
  if (id > max) faults.push(`cluster-id of ${name} is ${id}: expected 1..${max} (max-connected-clusters)`);
  return faults;
}

function pairFaults(a: ClusterIdentity, b: ClusterIdentity): string[] {
  const faults: string[] = [];
  const both = `${a.name} and ${b.name}`;
  if (a.name === b.name)
    faults.push(`two clusters have the cluster-name ${a.name}: expected a name of its own for each`);
  if (a.id === b.id && a.id !== 0)
    faults.push(`cluster-id of both ${both} is ${a.id}: expected a number of its own for each`);
  if (a.maxConnectedClusters !== b.maxConnectedClusters)
    faults.push(
      `max-connected-clusters of ${both} is ${a.maxConnectedClusters} and ${b.maxConnectedClusters}: expected the same`,
    );
  return faults;
}

/** Whether each trusts the other's certificate, so that both can use their own with the other. @param now ms since the epoch. */
export function shareAuthority(a: ClientIdentity, b: ClientIdentity, now: number): boolean {
  return (
    chainsTo(certificatesOf(a.ca), certificatesOf(b.cert), now) &&
    chainsTo(certificatesOf(b.ca), certificatesOf(a.cert), now)
  );
}

/** Whole days that a certificate is good for; below 0: expired. @param now ms since the epoch. */
export function daysLeft({ validTo }: X509Certificate, now: number): number {
  return Math.floor((Date.parse(validTo) - now) / 86_400_000);
}
