import { parseAllDocuments } from 'yaml';
import { clusterNameFault } from '../config/cluster-name.js';
import { endpointsOf, namedFiles } from './client-file.js';
import { peersOf, type SecretData, textOf } from './peer-secret.js';

export interface ManifestFile {
  readonly path: string;
  /** JSON or YAML, one Secret or several. */
  readonly text: string;
}

/** The keys of one cluster. */
export interface HandedPeer {
  readonly name: string;
  readonly entries: SecretData;
}

/**
 * The clusters in manifests of Secrets, sorted by name.
 * @throws Error that names the file, and the key but never its value, when something is not what it should be: a cluster that
 * comes twice with different contents, or that names a file which is not there.
 */
export function handedPeers(files: readonly ManifestFile[]): HandedPeer[] {
  const peers = new Map<string, { readonly peer: HandedPeer; readonly path: string }>();
  for (const { path, text } of files) {
    const data = Object.assign({}, ...secretsIn(path, text)) as SecretData;
    const names = peersOf(data);
    if (names.length === 0)
      throw new Error(`${path}: no key of its data is a cluster: expected \`endpoints:\` in one`);
    for (const name of names) {
      const peer = { name, entries: entriesOf(path, data, name) };
      const known = peers.get(name);
      if (known && !sameEntries(known.peer.entries, peer.entries))
        throw new Error(
          `cluster ${name} is in ${known.path} and in ${path} with different contents: expected one of them`,
        );
      peers.set(name, { peer, path });
    }
  }
  return [...peers.values()].map(({ peer }) => peer).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function entriesOf(path: string, data: SecretData, name: string): SecretData {
  const fault = clusterNameFault(name);
  if (fault !== undefined) throw new Error(`${path}: cluster name ${JSON.stringify(name)} ${fault}`);
  const content = textOf(data[name] ?? '');
  if (endpointsOf(content).length === 0)
    throw new Error(
      `${path}: data.${name} has no endpoints: expected an etcd client file with a list of URLs`,
    );
  const named = namedFiles(content);
  // The common ones are in a projected volume beside this secret.
  const own = named.filter((file) => !/^(?:common|local)-etcd-client/.test(file));
  const missing = own.find((file) => !data[file]);
  if (missing !== undefined)
    throw new Error(`${path}: data.${name} names the file ${missing}, which is no key of the secret's data`);
  return Object.fromEntries([name, ...own].map((key) => [key, data[key] ?? '']));
}

function secretsIn(path: string, text: string): SecretData[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0))
    throw new Error(`${path}: expected a Secret in JSON or YAML`);
  const roots = documents.map((document): unknown => document.toJS()).filter((root) => root !== null);
  return roots.flatMap((root) => itemsOf(root)).map((item) => dataOf(path, item));
}

/** `kubectl get -o json` wraps several objects into a List. */
function itemsOf(root: unknown): unknown[] {
  if (!isRecord(root)) return [root];
  return root['kind'] === 'List' && Array.isArray(root['items']) ? root['items'] : [root];
}

function dataOf(path: string, item: unknown): SecretData {
  if (!isRecord(item) || item['kind'] !== 'Secret') throw new Error(`${path}: kind is not Secret`);
  const { data = {}, stringData = {} } = item;
  if (!isRecord(data) || !isRecord(stringData)) throw new Error(`${path}: data is no map of keys`);
  const texts = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  for (const [key, value] of Object.entries(data))
    if (typeof value !== 'string' || !/^[\d+/A-Za-z]*={0,2}$/.test(value))
      throw new Error(`${path}: data.${key} is no base64`);
  return { ...(data as SecretData), ...Object.fromEntries(texts) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameEntries(a: SecretData, b: SecretData): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}
