import { parse } from 'yaml';
import { configFolder } from './cluster-objects.js';

/** Which files a client file names: the common ones of the projected volume, or the cluster's own. */
export interface ClientFiles {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

export const commonFiles: ClientFiles = {
  ca: 'common-etcd-client-ca.crt',
  key: 'common-etcd-client.key',
  cert: 'common-etcd-client.crt',
};

/** Keys of a cluster with certificates of its own, as Cilium's chart names them. */
export function ownFiles(cluster: string): ClientFiles {
  return {
    ca: `${cluster}.etcd-client-ca.crt`,
    key: `${cluster}.etcd-client.key`,
    cert: `${cluster}.etcd-client.crt`,
  };
}

/** The same in the manifests that are handed from cluster to cluster (spec/operations.md §11). */
export function handedFiles(cluster: string): ClientFiles {
  return { ca: `${cluster}-ca.crt`, key: `${cluster}.key`, cert: `${cluster}.crt` };
}

/** An etcd client file as Cilium's chart writes it: no newline at the end (spec/operations.md §10.7). */
export function clientFile(endpoints: readonly string[], files: ClientFiles): string {
  return [
    'endpoints:',
    ...endpoints.map((endpoint) => `- ${endpoint}`),
    `trusted-ca-file: ${configFolder}${files.ca}`,
    `key-file: ${configFolder}${files.key}`,
    `cert-file: ${configFolder}${files.cert}`,
  ].join('\n');
}

/** The same as the original's script writes it, newline included (spec/operations.md §11). */
export function handedClientFile(endpoints: readonly string[], files: ClientFiles): string {
  return [
    'endpoints:',
    ...endpoints.map((endpoint) => `- ${endpoint}`),
    `trusted-ca-file: '${configFolder}${files.ca}'`,
    `cert-file: '${configFolder}${files.cert}'`,
    `key-file: '${configFolder}${files.key}'`,
    '',
  ].join('\n');
}

/** What makes a file of the configuration folder a cluster: agents and KVStoreMesh decide by the same text. */
export function isClientFile(content: string): boolean {
  return content.includes('endpoints:');
}

/** Keys of the secret that a client file names; files in other folders are not in it. Unreadable text names none. */
export function namedFiles(content: string): string[] {
  return fieldsOf(content)
    .filter(([field]) => /^(?:trusted-ca|ca|cert|key)-file$/i.test(field))
    .map(([, path]) => String(path))
    .filter((path) => path.startsWith(configFolder))
    .map((path) => path.slice(configFolder.length));
}

/** Its endpoints; none if it cannot be read. */
export function endpointsOf(content: string): string[] {
  const [, endpoints] = fieldsOf(content).find(([field]) => field.toLowerCase() === 'endpoints') ?? [];
  return Array.isArray(endpoints) ? endpoints.map(String) : [];
}

function fieldsOf(content: string): [string, unknown][] {
  try {
    const root: unknown = parse(content);
    return typeof root === 'object' && root !== null ? Object.entries(root) : [];
  } catch (error) {
    // Somebody else's entry; what it means is for its owner to mend.
    if (error instanceof Error) return [];
    throw error;
  }
}
