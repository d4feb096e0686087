import { clientFile, commonFiles, handedFiles, isClientFile, namedFiles, ownFiles } from './client-file.js';

/** Keys and base64 values of a Secret. */
export type SecretData = Readonly<Record<string, string>>;

/** PEM texts of a client: who it is, and whom it trusts. */
export interface ClientIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What a cluster must know to reach another one. */
export interface Peer {
  readonly name: string;
  /** URLs. */
  readonly endpoints: readonly string[];
  /** Absent: the cluster's own common certificate is good there. */
  readonly identity?: ClientIdentity;
}

/** The keys of one peer that is connected to directly (spec/operations.md §10.7). */
export function directEntries({ name, endpoints, identity }: Peer): SecretData {
  if (!identity) return { [name]: base64(clientFile(endpoints, commonFiles)) };
  const files = ownFiles(name);
  return {
    [name]: base64(clientFile(endpoints, files)),
    [files.ca]: base64(identity.ca),
    [files.key]: base64(identity.key),
    [files.cert]: base64(identity.cert),
  };
}

/** The key of one peer whose data agents read from this cluster's own cache. */
export function cacheEntry(name: string, cacheEndpoint: string): SecretData {
  return { [name]: base64(clientFile([cacheEndpoint], commonFiles)) };
}

/** The secret with a peer's keys replaced by these; whatever belongs to other peers stays as it is. */
export function withPeer(data: SecretData, name: string, entries: SecretData): SecretData {
  return { ...withoutPeer(data, name), ...entries };
}

/** The secret without a peer's keys. A file that another peer names too stays. */
export function withoutPeer(data: SecretData, name: string): SecretData {
  const own = new Set([name, ...filesOf(data, name)]);
  const others = Object.keys(data).filter((key) => key !== name && isPeer(data, key));
  for (const file of others.flatMap((other) => [other, ...namedBy(data, other)])) own.delete(file);
  return Object.fromEntries(Object.entries(data).filter(([key]) => !own.has(key)));
}

/** Names of the clusters in a secret, sorted. */
export function peersOf(data: SecretData): string[] {
  return Object.keys(data)
    .filter((key) => isPeer(data, key))
    .toSorted();
}

function isPeer(data: SecretData, key: string): boolean {
  return isClientFile(textOf(data[key] ?? ''));
}

function filesOf(data: SecretData, name: string): string[] {
  const written = [ownFiles(name), handedFiles(name)].flatMap((files) => Object.values(files) as string[]);
  return [...written, ...namedBy(data, name)];
}

function namedBy(data: SecretData, name: string): string[] {
  return namedFiles(textOf(data[name] ?? ''));
}

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

export function textOf(value: string): string {
  return Buffer.from(value, 'base64').toString('utf8');
}
