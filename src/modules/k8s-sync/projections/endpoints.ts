import type { KubeObject } from '../../kubernetes/kube-api.js';
import { fieldsOf, itemsOf, stringOf } from './fields.js';
import type { SharePorts, SlimBackends, SlimPorts } from './service-state.js';
import { BackendList, portText, slimPorts, unitePorts } from './service-state.js';

/**
 * `v1 Endpoints`, the service's namesake (spec/k8s-sync.md §11). An address in several subsets has the ports of all of them and
 * the hostname of the last, even if that has none. notReadyAddresses are left out.
 */
export function parseEndpoints(object: KubeObject, share: SharePorts): SlimBackends {
  const { namespace = '', name } = object.metadata;
  const serviceKey = `${namespace}/${name}`;
  const list = new BackendList();
  for (const item of itemsOf((object as { subsets?: unknown }).subsets)) {
    const subset = fieldsOf(item);
    addSubset(list, itemsOf(subset['addresses']), share(serviceKey, portsOf(subset['ports'])));
  }
  return list.slim(serviceKey, name);
}

function addSubset(list: BackendList, addresses: readonly unknown[], ports: SlimPorts): void {
  for (const item of addresses) {
    const { ip, hostname } = fieldsOf(item);
    const address = list.canonical(ip);
    if (address === undefined) continue;
    const before = list.byAddress.get(address)?.ports ?? ports;
    list.byAddress.set(address, { address, hostname: stringOf(hostname), ports: unitePorts(before, ports) });
  }
}

function portsOf(ports: unknown): SlimPorts {
  const byName = new Map<string, string>();
  for (const item of itemsOf(ports)) {
    const { name, port, protocol } = fieldsOf(item);
    byName.set(stringOf(name), portText(stringOf(protocol) || 'TCP', port));
  }
  return slimPorts(byName);
}
