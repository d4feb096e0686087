import type { TextSink } from '../../common/text-sink.js';
import { certificatesOf } from '../debug/certificate-text.js';
import { type AccessInformation, type ClusterHandle, readAccessInformation } from './access-information.js';
import { type ConnectionMode, pairsOf, pairText } from './connection-mode.js';
import { addressText, type HostAndPort } from './host-and-port.js';
import { meshFaults, shareAuthority } from './mesh-checks.js';
import { connectEdits } from './peer-edits.js';
import { peerEndpoints, type PeerEndpoints } from './peer-endpoints.js';
import type { ClientIdentity, Peer } from './peer-secret.js';
import { commonNameOf, isKnown, usersKey, usersText } from './remote-users.js';
import { applyAll } from './transaction.js';

export interface ConnectRequest {
  readonly local: ClusterHandle;
  readonly remotes: readonly ClusterHandle[];
  readonly mode: ConnectionMode;
  /** Instead of what the services say; empty = ask them. The second only with one remote. */
  readonly localAddresses: readonly HostAndPort[];
  readonly remoteAddresses: readonly HostAndPort[];
}

type ReadyPeer = Peer & Pick<PeerEndpoints, 'alias'>;

/**
 * Connects clusters by their secrets. Everything is read and checked first, on all of them; then it is written, and taken back
 * if a write fails. Doing it again changes nothing.
 * @param now ms since the epoch.
 * @throws Error with everything that stands against it, before anything is written; EditsFailed.
 */
export async function connectClusters(request: ConnectRequest, out: TextSink, now: number): Promise<void> {
  const print = (line: string): unknown => out.write(`${line}\n`);
  const { local, remotes, mode } = request;
  const first = await readCluster(local, request.localAddresses, print);
  const others: AccessInformation[] = [];
  for (const remote of remotes) others.push(await readCluster(remote, request.remoteAddresses, print));
  refuse(meshFaults([first, ...others]));
  const pairs = pairsOf(mode, first, others);
  const faults: string[] = [];
  const edits = pairs.flatMap(({ host, peers }) => {
    const ready = peers.map((peer) => peerOf(host, peer, now, faults));
    for (const peer of peers) if (!letsIn(peer, host, mode, now)) faults.push(strangerText(peer, host, now));
    return connectEdits(
      host,
      ready.filter((peer) => peer !== undefined),
    );
  });
  refuse(faults);
  for (const { host, peers } of pairs)
    for (const peer of peers) {
      if (!shares(host, peer, now))
        print(
          `⚠️ CA certificates of ${host.name} and ${peer.name} do not match: ${host.name} gets a certificate of ${peer.name}`,
        );
      if (!peer.serverCertificate)
        print(
          `⚠️ The server certificate of ${peer.name} cannot be seen: whether it covers the addresses is not checked`,
        );
      print(
        `ℹ️ Configuring Cilium in cluster ${host.handle.context} to connect to cluster ${peer.handle.context}`,
      );
    }
  for (const what of await applyAll(edits)) print(`ℹ️ Wrote ${what}`);
  print(doneText(mode, first, others));
}

async function readCluster(
  handle: ClusterHandle,
  given: readonly HostAndPort[],
  print: (line: string) => unknown,
): Promise<AccessInformation> {
  print(`✨ Extracting access information of cluster ${handle.context}...`);
  try {
    const access = await readAccessInformation(handle, given);
    const { addresses } = access;
    if (!(addresses instanceof Error))
      print(`ℹ️ Found ClusterMesh service addresses: [${addresses.map(addressText).join(' ')}]`);
    return access;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cluster ${handle.context}: ${why}`, { cause: error });
  }
}

/** The peer as the host gets it; undefined, with a fault, if it cannot be had. */
function peerOf(
  host: AccessInformation,
  peer: AccessInformation,
  now: number,
  faults: string[],
): ReadyPeer | undefined {
  try {
    return readyPeer(host, peer, now);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const fault = `cluster ${peer.handle.context}: ${error.message}`;
    if (!faults.includes(fault)) faults.push(fault);
    return undefined;
  }
}

function readyPeer(host: AccessInformation, peer: AccessInformation, now: number): ReadyPeer {
  if (peer.addresses instanceof Error) throw peer.addresses;
  if (peer.identity instanceof Error) throw peer.identity;
  const { endpoints, alias } = peerEndpoints(peer.name, peer.addresses, peer.serverCertificate);
  if (alias && !host.kvstoremesh)
    throw new Error(
      `its server certificate covers ${alias.hostname}, but not ${alias.ips.join(', ')}, and ${host.handle.context} has no KVStoreMesh ` +
        'whose host aliases could lead there: add the addresses to tls.server.extraIpAddresses',
    );
  return {
    name: peer.name,
    endpoints,
    ...(alias ? { alias } : {}),
    ...(shares(host, peer, now) ? {} : { identity: peer.identity }),
  };
}

/** Whether the peer's etcd has a user for the certificate that the host shows there, or gets it by this. */
function letsIn(
  peer: AccessInformation,
  host: AccessInformation,
  mode: ConnectionMode,
  now: number,
): boolean {
  const identity = shownTo(peer, host, now);
  if (identity instanceof Error) return true;
  const coming = mode === 'unicast' || !peer.users ? {} : { [usersKey(host.name)]: usersText(host.name) };
  return isKnown(peer.users && { ...peer.users, ...coming }, identity);
}

function strangerText(peer: AccessInformation, host: AccessInformation, now: number): string {
  const identity = shownTo(peer, host, now);
  const user = identity instanceof Error ? '' : commonNameOf(certificatesOf(identity.cert)[0]);
  return (
    `cluster ${peer.handle.context}: its etcd has no user ${user}, which the certificate of ${host.name} names: ` +
    'set tls.authMode to migration there, or list the cluster in its clustermesh.config.clusters'
  );
}

function shownTo(peer: AccessInformation, host: AccessInformation, now: number): ClientIdentity | Error {
  return shares(host, peer, now) ? host.identity : peer.identity;
}

function shares(
  { identity: own }: AccessInformation,
  { identity: other }: AccessInformation,
  now: number,
): boolean {
  return !(own instanceof Error) && !(other instanceof Error) && shareAuthority(own, other, now);
}

function refuse(faults: readonly string[]): void {
  if (faults.length > 0)
    throw new Error(
      `unable to connect, nothing was changed:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
}

function doneText(
  mode: ConnectionMode,
  local: AccessInformation,
  remotes: readonly AccessInformation[],
): string {
  const contexts = remotes.map(({ handle }) => handle.context);
  const own = local.handle.context;
  if (mode === 'mesh') return `✅ Connected clusters ${contexts.join(', ')}, and ${own}!`;
  return contexts.map((context) => `✅ Connected cluster ${pairText(mode, own, context, '=')}!`).join('\n');
}
