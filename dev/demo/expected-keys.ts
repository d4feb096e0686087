import type { DevApiServer } from '../api-server/dev-api-server.js';
import { isRecord, isText, type KubeDocument } from '../api-server/store/kube-document.js';

/** The name of the demo's cluster when there is one only. */
export const clusterName = 'demo';

const kinds = ['identities/v1', 'nodes/v1', 'ip/v1', 'services/v1'];

/**
 * The keys that must be in etcd for the objects that an API server has, for a cluster without external workloads. Derived
 * here once more and independently of the mirror, for objects of the demo: valid ones.
 */
export function expectedKeys(server: DevApiServer, cluster = clusterName): Set<string> {
  const cilium = (kind: string): KubeDocument[] => server.list('cilium.io/v2', kind);
  const nodes = cilium('CiliumNode').map(({ metadata }) => `nodes/v1/${cluster}/${metadata.name}`);
  const identities = cilium('CiliumIdentity').map(({ metadata }) => `identities/v1/id/${metadata.name}`);
  const addresses = cilium('CiliumEndpoint').flatMap(addressesOf);
  return new Set([
    'cilium/.heartbeat',
    `cilium/cluster-config/${cluster}`,
    ...kinds.map((kind) => `cilium/synced/${cluster}/cilium/state/${kind}`),
    ...nodes.map((key) => `cilium/state/${key}`),
    ...identities.map((key) => `cilium/state/${key}`),
    ...addresses.map((ip) => `cilium/state/ip/v1/default/${ip}`),
    ...globalServices(server).map((key) => `cilium/state/services/v1/${cluster}/${key}`),
  ]);
}

/** The keys that kvstoremesh must have made of a remote cluster's (spec/kvstoremesh.md §1). */
export function expectedCopies(remote: ReadonlySet<string>, cluster: string): Set<string> {
  const copies = [...remote].map((key) =>
    key
      .replace(/^cilium\/state\/(nodes|services)\/v1\//, 'cilium/cache/$1/v1/')
      .replace(/^cilium\/state\/identities\/v1\//, `cilium/cache/identities/v1/${cluster}/`)
      .replace(/^cilium\/state\/ip\/v1\/default\//, `cilium/cache/ip/v1/${cluster}/`)
      .replace(/^(cilium\/synced\/.*\/cilium)\/state\//, '$1/cache/'),
  );
  return new Set(copies.filter((key) => key !== 'cilium/.heartbeat'));
}

/** @throws Error unless these are exactly the expected keys */
export function checkKeys(expected: ReadonlySet<string>, entries: readonly { readonly key: string }[]): void {
  const present = new Set(entries.map(({ key }) => key));
  const missing = [...expected].filter((key) => !present.has(key));
  const extra = [...present].filter((key) => !expected.has(key) && !key.startsWith('cilium/.initlock/'));
  if (missing.length + extra.length === 0) return;
  const lines = [...missing.map((key) => `missing     ${key}`), ...extra.map((key) => `unexpected  ${key}`)];
  throw new Error(`etcd does not hold the expected keys:\n${lines.slice(0, 20).join('\n')}`);
}

function addressesOf({ status }: KubeDocument): string[] {
  const networking = isRecord(status) && isRecord(status.networking) ? status.networking : {};
  const pairs = Array.isArray(networking.addressing) ? networking.addressing.filter(isRecord) : [];
  return pairs
    .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
    .filter(isText)
    .map(canonical);
}

/** Keys carry the shortest text of an address; a URL's host is written that way too. */
function canonical(ip: string): string {
  return ip.includes(':') ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
}

/** Global ones that have a slice. */
function globalServices(server: DevApiServer): string[] {
  const slices = server.list('discovery.k8s.io/v1', 'EndpointSlice');
  const name = ({ metadata }: KubeDocument): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  const owners = slices.map(
    ({ metadata }) => `${metadata.namespace ?? ''}/${metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
  );
  const backed = new Set(owners);
  return server
    .list('v1', 'Service')
    .filter(({ metadata }) => metadata.annotations?.['service.cilium.io/global'] === 'true')
    .map(name)
    .filter((service) => backed.has(service));
}
