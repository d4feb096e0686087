import type { KubeObject } from '../../kubernetes/kube-api.js';
import { fieldsOf, itemsOf, stringOf } from './fields.js';
import type { SharePorts, SlimBackends, SlimPorts } from './service-state.js';
import { BackendList, portText, slimPorts } from './service-state.js';

const serviceNameLabel = 'kubernetes.io/service-name';
const protocols: ReadonlySet<string> = new Set(['TCP', 'UDP', 'SCTP']);

/**
 * EndpointSlice of discovery.k8s.io/v1 or v1beta1, which give the same (spec/k8s-sync.md §11). Ready unless `ready` is false;
 * `serving` and `terminating` have no influence. undefined: the slice belongs to no service.
 */
export function parseEndpointSlice(object: KubeObject, share: SharePorts): SlimBackends | undefined {
  const { namespace = '', name, labels } = object.metadata;
  const service = stringOf(fieldsOf(labels)[serviceNameLabel]);
  if (service === '') return undefined;
  const serviceKey = `${namespace}/${service}`;
  const { addressType, endpoints, ports } = object as {
    addressType?: unknown;
    endpoints?: unknown;
    ports?: unknown;
  };
  const list = new BackendList();
  if (addressType === 'IPv4' || addressType === 'IPv6') {
    addEndpoints(list, itemsOf(endpoints), share(serviceKey, portsOf(ports)));
  }
  return list.slim(serviceKey, name);
}

/** An address has the hostname of its first endpoint, even if that has none. */
function addEndpoints(list: BackendList, endpoints: readonly unknown[], ports: SlimPorts): void {
  for (const item of endpoints) {
    const endpoint = fieldsOf(item);
    if (fieldsOf(endpoint['conditions'])['ready'] === false) continue;
    const hostname = stringOf(endpoint['hostname']);
    for (const text of itemsOf(endpoint['addresses'])) {
      const address = list.canonical(text);
      if (address !== undefined && !list.byAddress.has(address)) {
        list.byAddress.set(address, { address, hostname, ports });
      }
    }
  }
}

/** A port without a number means all ports and is skipped; the last of equal names wins. */
function portsOf(ports: unknown): SlimPorts {
  const byName = new Map<string, string>();
  for (const item of itemsOf(ports)) {
    const { name, port, protocol } = fieldsOf(item);
    const wire = stringOf(protocol) || 'TCP';
    if (typeof port === 'number' && protocols.has(wire)) byName.set(stringOf(name), portText(wire, port));
  }
  return slimPorts(byName);
}
