import type { AccessInformation } from './access-information.js';
import { aliasEdit, type EditPlace, secretEdit, usersEdit } from './cluster-edits.js';
import { names } from './cluster-objects.js';
import { withAlias, withoutAlias } from './host-aliases.js';
import type { Edit } from './object-edit.js';
import type { PeerEndpoints } from './peer-endpoints.js';
import { peerHostname } from './peer-endpoints.js';
import {
  cacheEntry,
  directEntries,
  type Peer,
  type SecretData,
  withoutPeer,
  withPeer,
} from './peer-secret.js';
import { usersKey, usersText } from './remote-users.js';

/** The cluster whose objects are changed. */
export type Host = Pick<AccessInformation, 'handle' | 'name' | 'kvstoremesh' | 'servicePort'>;

/** What connects a cluster to peers: secrets first, as new host aliases restart the server. */
export function connectEdits(host: Host, peers: readonly (Peer & Pick<PeerEndpoints, 'alias'>)[]): Edit[] {
  const aliases = peers.flatMap(({ alias }) => (alias ? [alias] : []));
  return [
    ...peerSecretEdits(
      host,
      peers.map((peer) => ({ name: peer.name, entries: directEntries(peer) })),
    ),
    ...(aliases.length === 0
      ? []
      : [
          aliasEdit(place(host), (present) =>
            aliases.reduce<readonly (typeof present)[number][]>(
              (all, { hostname, ips }) => withAlias(all, hostname, ips),
              present,
            ),
          ),
        ]),
  ];
}

/**
 * Puts keys of peers into the secrets: with KVStoreMesh they are its own, and agents read the cache instead. Their users come
 * first, so that peers that connect back are let in.
 */
export function peerSecretEdits(
  host: Host,
  peers: readonly { readonly name: string; readonly entries: SecretData }[],
): Edit[] {
  const merged = (data: SecretData, entriesOf: (peer: (typeof peers)[number]) => SecretData): SecretData =>
    peers.reduce((all, peer) => withPeer(all, peer.name, entriesOf(peer)), data);
  const direct = (data: SecretData): SecretData => merged(data, ({ entries }) => entries);
  const users = usersEdit(place(host), (texts) => ({
    ...texts,
    ...Object.fromEntries(peers.map(({ name }) => [usersKey(name), usersText(name)])),
  }));
  if (!host.kvstoremesh) return [users, secretEdit(place(host), names.agentSecret, direct)];
  const cache = `https://${names.server}.${host.handle.namespace}.svc:${host.servicePort}`;
  return [
    users,
    secretEdit(place(host), names.kvstoremeshSecret, direct),
    secretEdit(place(host), names.agentSecret, (data) => merged(data, ({ name }) => cacheEntry(name, cache))),
  ];
}

/** What takes peers away again, whichever way they were connected. */
export function disconnectEdits(
  host: Pick<Host, 'handle'>,
  peers: readonly string[],
  server: boolean,
): Edit[] {
  const without = (data: SecretData): SecretData => peers.reduce(withoutPeer, data);
  return [
    secretEdit(place(host), names.agentSecret, without),
    secretEdit(place(host), names.kvstoremeshSecret, without),
    usersEdit(place(host), (texts) => withoutKeys(texts, peers.map(usersKey))),
    ...(server
      ? [
          aliasEdit(place(host), (present) =>
            peers.reduce<readonly (typeof present)[number][]>(
              (all, peer) => withoutAlias(all, peerHostname(peer)),
              present,
            ),
          ),
        ]
      : []),
  ];
}

function withoutKeys(
  texts: Readonly<Record<string, string>>,
  keys: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => !keys.includes(key)));
}

function place({ handle }: Pick<Host, 'handle'>): EditPlace {
  return { api: handle.api, namespace: handle.namespace, label: handle.context };
}
