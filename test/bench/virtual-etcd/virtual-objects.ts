/** What each virtual cluster holds. */
export interface VirtualShape {
  readonly nodes: number;
  readonly identities: number;
  /** IPv4 only: one key each. */
  readonly endpoints: number;
  /** Global ones. */
  readonly services: number;
}

/** One kind of keys of a cluster as functions of a number below `count`; keys ascend with the number. */
export interface KeyTable {
  /** What all keys begin with. */
  readonly prefix: string;
  /** Where kvstoremesh puts what follows the prefix; undefined: nowhere. */
  readonly cachePrefix: string | undefined;
  readonly count: number;
  key(index: number): string;
  /** @param generation how often the key was changed: another one gives another value */
  value(index: number, generation: number): string;
}

const time = '2024-01-01T00:00:00Z';

/** The objects of one cluster as its own mirror would have written them, in key order. */
export function tablesOf(name: string, id: number, shape: VirtualShape): Record<string, KeyTable> {
  const fixed = (key: string, value: string): KeyTable => ({
    prefix: key,
    cachePrefix: undefined,
    count: 1,
    key: () => key,
    value: () => value,
  });
  return {
    heartbeat: fixed('cilium/.heartbeat', time),
    config: fixed(
      `cilium/cluster-config/${name}`,
      `{"id":${id},"capabilities":{"syncedCanaries":true,"maxConnectedClusters":255}}`,
    ),
    identities: identities(name, id, shape),
    ip: addresses(name, id, shape),
    nodes: nodes(name, id, shape),
    services: services(name, id, shape),
    canaries: canaries(name),
  };
}

function canaries(name: string): KeyTable {
  const prefix = `cilium/synced/${name}/`;
  const types = ['identities', 'ip', 'nodes', 'services'];
  return {
    prefix,
    cachePrefix: undefined,
    count: types.length,
    key: (i) => `${prefix}cilium/state/${types[i] ?? ''}/v1`,
    value: () => time,
  };
}

function identities(name: string, id: number, { identities: count }: VirtualShape): KeyTable {
  const prefix = 'cilium/state/identities/v1/';
  return {
    prefix,
    cachePrefix: `cilium/cache/identities/v1/${name}/`,
    count,
    key: (i) => `${prefix}id/${identityOf(id, i)}`,
    value: (i) =>
      `k8s:app=app-${i};k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=ns-${i % 20};` +
      `k8s:io.cilium.k8s.policy.cluster=${name};k8s:io.cilium.k8s.policy.serviceaccount=default;` +
      `k8s:io.kubernetes.pod.namespace=ns-${i % 20};`,
  };
}

function addresses(name: string, id: number, { endpoints, identities: ids }: VirtualShape): KeyTable {
  const prefix = 'cilium/state/ip/v1/default/';
  const order = addressOrder(endpoints);
  const ip = (i: number): string => `10.${id}.${order[i] ?? ''}`;
  return {
    prefix,
    cachePrefix: `cilium/cache/ip/v1/${name}/`,
    count: endpoints,
    key: (i) => prefix + ip(i),
    value: (i, generation) =>
      `{"IP":"${ip(i)}","Mask":null,"HostIP":"172.16.${id}.${i % 100}","ID":${identityOf(id, (i + generation) % ids)}` +
      `,"Key":0,"Metadata":"","K8sNamespace":"ns-${i % 20}","K8sPodName":"app-${i % ids}-${i.toString(36)}"}`,
  };
}

function nodes(name: string, id: number, { nodes: count }: VirtualShape): KeyTable {
  const prefix = `cilium/state/nodes/v1/${name}/`;
  const node = (i: number): string => `node-${String(i).padStart(5, '0')}`;
  return {
    prefix,
    cachePrefix: `cilium/cache/nodes/v1/${name}/`,
    count,
    key: (i) => prefix + node(i),
    value: (i, generation) =>
      `{"Name":"${node(i)}","Cluster":"${name}","IPAddresses":[{"Type":"InternalIP","IP":"172.16.${id}.${i % 100}"},` +
      `{"Type":"CiliumInternalIP","IP":"10.${id}.${i % 256}.1"}],"IPv4AllocCIDR":{"IP":"10.${id}.${i % 256}.0","Mask":"////AA=="}` +
      `,"IPv4SecondaryAllocCIDRs":null,"IPv6AllocCIDR":null,"IPv6SecondaryAllocCIDRs":null,"IPv4HealthIP":"10.${id}.${i % 256}.2"` +
      `,"IPv6HealthIP":"","IPv4IngressIP":"","IPv6IngressIP":"","ClusterID":${id},"Source":"custom-resource","EncryptionKey":0` +
      `,"Labels":{"kubernetes.io/arch":"amd64","kubernetes.io/hostname":"${node(i)}","kubernetes.io/os":"linux"` +
      `,"topology.kubernetes.io/zone":"z${i % 3}"},"Annotations":null,"NodeIdentity":0,"WireguardPubKey":"","BootID":"boot-${generation}"}`,
  };
}

function services(name: string, id: number, { services: count }: VirtualShape): KeyTable {
  const prefix = `cilium/state/services/v1/${name}/`;
  const service = (i: number): string => `svc-${String(i).padStart(5, '0')}`;
  const ports = '{"http":{"Protocol":"TCP","Port":80}}';
  return {
    prefix,
    cachePrefix: `cilium/cache/services/v1/${name}/`,
    count,
    key: (i) => `${prefix}default/${service(i)}`,
    value: (i) =>
      `{"cluster":"${name}","namespace":"default","name":"${service(i)}","frontends":{"10.96.0.${i % 256}":${ports}}` +
      `,"backends":{"10.${id}.0.1":${ports},"10.${id}.0.2":${ports}},"hostnames":{},"labels":{},"selector":{"app":"app-${i}"}` +
      `,"includeExternal":false,"shared":true,"clusterID":${id}}`,
  };
}

/** In the cluster's own range, above the ids of reserved identities; all of one cluster have as many digits. */
function identityOf(cluster: number, index: number): number {
  return cluster * 65_536 + 256 + index;
}

let known: readonly string[] = [];

/** The last two bytes of the addresses, in the order of their texts; one list for all clusters. */
function addressOrder(count: number): readonly string[] {
  if (known.length !== count)
    known = Array.from({ length: count }, (_, i) => `${i >> 8}.${i & 255}`).toSorted((a, b) =>
      a < b ? -1 : 1,
    );
  return known;
}
