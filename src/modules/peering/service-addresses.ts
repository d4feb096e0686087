import { canonicalIp } from '../../common/ip.js';
import type { NodeObject, ServiceObject } from './cluster-objects.js';
import type { HostAndPort } from './host-and-port.js';

/** So many nodes are enough to outlive the loss of one or two. */
const mostNodes = 3;

/**
 * Where other clusters reach the service: each ingress of a load balancer, or the port that nodes open for it, on several
 * nodes. `nodes` are looked at for the type NodePort alone; unready ones come last. Every replica has an etcd of its own, so
 * with several replicas a single node is given: a client must not see another etcd with every connection.
 * @throws Error that says what the service lacks.
 */
export function serviceAddresses(
  service: ServiceObject,
  nodes: readonly NodeObject[],
  replicas: number,
): HostAndPort[] {
  const { type = 'ClusterIP', ports: [port = {}] = [] } = service.spec ?? {};
  if (type === 'LoadBalancer') return ingresses(service, port.port);
  if (type !== 'NodePort')
    throw new Error(
      `its type is ${type}, which other clusters cannot reach: expected NodePort or LoadBalancer`,
    );
  const { nodePort } = port;
  if (nodePort === undefined) throw new Error('it has no nodePort');
  const hosts = [...nodes]
    .toSorted(
      (a, b) => Number(isReady(b)) - Number(isReady(a)) || (a.metadata.name < b.metadata.name ? -1 : 1),
    )
    .map(addressOfNode)
    .filter((host) => host !== undefined);
  if (hosts.length === 0) throw new Error('no node has an ExternalIP or InternalIP');
  return hosts.slice(0, replicas > 1 ? 1 : mostNodes).map((host) => ({ host, port: nodePort }));
}

function ingresses({ status }: ServiceObject, port: number | undefined): HostAndPort[] {
  const hosts = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
  const given = hosts.filter((host) => host !== '');
  if (given.length === 0) throw new Error('its load balancer has no address yet');
  return given.map((host) => ({ host: canonicalIp(host) ?? host, port: port ?? 2379 }));
}

/** ExternalIP before InternalIP, of a dual-stack node the first, which is the one of its primary family. */
function addressOfNode({ status }: NodeObject): string | undefined {
  for (const type of ['ExternalIP', 'InternalIP']) {
    const found = status?.addresses?.find((address) => address.type === type)?.address;
    const ip = found === undefined ? undefined : canonicalIp(found);
    if (ip !== undefined) return ip;
  }
  return undefined;
}

/** A node that says nothing of itself is taken for ready. */
function isReady({ status }: NodeObject): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'False';
}
