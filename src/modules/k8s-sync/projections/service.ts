import { bytesOf } from '../../../common/bytes.js';
import { mapText, quote, sortByBytes, stringMapText } from '../../../common/go-json.js';
import { canonicalIp } from '../../../common/ip.js';
import type { KubeObject } from '../../kubernetes/kube-api.js';
import type { Entry } from '../../mirror/entry.js';
import { fieldsOf, firstPresent, itemsOf, stringMapOf, stringOf } from './fields.js';
import { serviceKeys } from './keys.js';
import type { ClusterContext } from './projection.js';
import type { SlimBackend, SlimBackends, SlimPorts, SlimService } from './service-state.js';
import { portText, unitePorts } from './service-state.js';

const globalAnnotations = ['service.cilium.io/global', 'io.cilium/global-service'];
const sharedAnnotations = ['service.cilium.io/shared', 'io.cilium/shared-service'];
/** In any namespace: their Services exist for metrics only. */
const ignoredNames: ReadonlySet<string> = new Set(['kube-scheduler', 'kube-controller-manager']);
const exportedTypes: ReadonlySet<string> = new Set(['', 'ClusterIP', 'NodePort', 'LoadBalancer']);

/** What is kept of a Service (spec/k8s-sync.md §11). undefined: it is of no kind that is exported. */
export function parseService(object: KubeObject): SlimService | undefined {
  const { namespace = '', name, labels, annotations } = object.metadata;
  const spec = fieldsOf((object as { spec?: unknown }).spec);
  const clusterIp = stringOf(spec['clusterIP']);
  if (clusterIp === '' || ignoredNames.has(name) || !exportedTypes.has(stringOf(spec['type'])))
    return undefined;
  const notes = stringMapOf(annotations);
  const global = isTrue(firstPresent(notes, globalAnnotations));
  const shared = global && isTrue(firstPresent(notes, sharedAnnotations) ?? 'true');
  const ips = itemsOf(spec['clusterIPs']);
  return {
    namespace,
    name,
    frontends: frontendsText(ips.length > 0 ? ips : [clusterIp], spec['ports']),
    rest:
      `"labels":${stringMapText(stringMapOf(labels))},"selector":${stringMapText(stringMapOf(spec['selector']))}` +
      `,"includeExternal":${global},"shared":${shared}`,
    shared,
  };
}

/** Case does not matter, spaces do. */
function isTrue(annotation: string | undefined): boolean {
  return annotation?.toLowerCase() === 'true';
}

/** All cluster IPs have the same ports; `None` is no IP. The first of equal port names wins. */
function frontendsText(ips: readonly unknown[], ports: unknown): string {
  const byName = new Map<string, string>();
  for (const item of itemsOf(ports)) {
    const { name, port, protocol } = fieldsOf(item);
    if (!byName.has(stringOf(name))) byName.set(stringOf(name), portText(stringOf(protocol) || 'TCP', port));
  }
  const portsText = mapText(byName);
  const frontends = new Map<string, string>();
  for (const text of ips) {
    const ip = canonicalIp(stringOf(text));
    if (ip !== undefined) frontends.set(ip, portsText);
  }
  return mapText(frontends);
}

/**
 * `cilium/state/services/v1/<C>/<namespace>/<name>`, JSON with all 11 fields in this order. The backends are the union of the
 * sources; where sources disagree on an address (hostname, or the port of one name) the first source by name is right, where
 * the original takes a random one.
 */
export function projectService(
  service: SlimService,
  sources: Iterable<SlimBackends>,
  ctx: ClusterContext,
): Entry {
  const { namespace, name, frontends, rest } = service;
  const { backends, hostnames } = backendTexts(join(sources));
  const value =
    `{"cluster":${quote(ctx.clusterName)},"namespace":${quote(namespace)},"name":${quote(name)}` +
    `,"frontends":${frontends},"backends":{${backends}},"hostnames":{${hostnames}},${rest},"clusterID":${ctx.clusterId}}`;
  return {
    key: bytesOf(`${serviceKeys.prefix(ctx.clusterName)}${namespace}/${name}`),
    value: bytesOf(value),
  };
}

function join(sources: Iterable<SlimBackends>): ReadonlyMap<string, SlimBackend> {
  const joined = new Map<string, SlimBackend>();
  const unions = new PortUnions();
  for (const source of [...sources].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    for (const backend of source.backends) {
      const first = joined.get(backend.address);
      if (first === undefined) joined.set(backend.address, backend);
      else if (first.ports !== backend.ports) {
        joined.set(backend.address, { ...first, ports: unions.of(backend.ports, first.ports) });
      }
    }
  }
  return joined;
}

/** Unions made already: a service's slices have few different sets of ports, but thousands of addresses. */
class PortUnions {
  private readonly made = new Map<SlimPorts, Map<SlimPorts, SlimPorts>>();

  of(base: SlimPorts, over: SlimPorts): SlimPorts {
    let ofBase = this.made.get(base);
    if (!ofBase) this.made.set(base, (ofBase = new Map()));
    let union = ofBase.get(over);
    if (!union) ofBase.set(over, (union = unitePorts(base, over)));
    return union;
  }
}

function backendTexts(joined: ReadonlyMap<string, SlimBackend>): { backends: string; hostnames: string } {
  let backends = '';
  let hostnames = '';
  for (const address of sortByBytes([...joined.keys()])) {
    const backend = joined.get(address);
    if (!backend) continue;
    const label = quote(address);
    backends += (backends === '' ? '' : ',') + label + ':' + backend.ports.text;
    if (backend.hostname !== '')
      hostnames += (hostnames === '' ? '' : ',') + label + ':' + quote(backend.hostname);
  }
  return { backends, hostnames };
}
