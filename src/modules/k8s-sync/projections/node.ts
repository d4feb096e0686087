import { bytesOf } from '../../../common/bytes.js';
import { quote, stringMapText } from '../../../common/go-json.js';
import { canonicalIp } from '../../../common/ip.js';
import type { Cidr } from '../../../common/cidr.js';
import { cidrJson, parseCidr } from '../../../common/cidr.js';
import { wrapUint } from '../../../common/wrap-int.js';
import type { KubeObject } from '../../kubernetes/kube-api.js';
import { fieldsOf, firstPresent, itemsOf, stringMapOf, stringOf } from './fields.js';
import { nodeKeys } from './keys.js';
import type { ClusterContext, Projected } from './projection.js';
import { noComplaints } from './projection.js';

const wireguardAnnotations = ['network.cilium.io/wg-pub-key', 'io.cilium.network.wg-pub-key'];

/**
 * CiliumNode → `cilium/state/nodes/v1/<C>/<name>`, JSON with all 19 fields in this order (spec/k8s-sync.md §9). Addresses and
 * networks that do not parse are dropped without a word: a Hostname among the addresses is quite usual.
 */
export function projectNode(object: KubeObject, ctx: ClusterContext): Projected {
  const { name, labels, annotations } = object.metadata;
  const spec = fieldsOf((object as { spec?: unknown }).spec);
  const cidrs = cidrsOf(fieldsOf(spec['ipam']));
  const ipv4 = cidrs.filter((cidr) => cidr.family === 4);
  const ipv6 = cidrs.filter((cidr) => cidr.family === 6);
  const health = fieldsOf(spec['health']);
  const ingress = fieldsOf(spec['ingress']);
  const notes = stringMapOf(annotations);
  const value =
    `{"Name":${quote(name)},"Cluster":${quote(ctx.clusterName)},"IPAddresses":${addressesText(spec['addresses'])}` +
    `,"IPv4AllocCIDR":${cidrJson(ipv4[0])},"IPv4SecondaryAllocCIDRs":${listText(ipv4.slice(1).map(cidrJson))}` +
    `,"IPv6AllocCIDR":${cidrJson(ipv6[0])},"IPv6SecondaryAllocCIDRs":${listText(ipv6.slice(1).map(cidrJson))}` +
    `,"IPv4HealthIP":${ipText(health['ipv4'])},"IPv6HealthIP":${ipText(health['ipv6'])}` +
    `,"IPv4IngressIP":${ipText(ingress['ipv4'])},"IPv6IngressIP":${ipText(ingress['ipv6'])}` +
    `,"ClusterID":${ctx.clusterId},"Source":"custom-resource"` +
    `,"EncryptionKey":${wrapUint(fieldsOf(spec['encryption'])['key'], 8)}` +
    `,"Labels":${mapTextOrNull(stringMapOf(labels))},"Annotations":${mapTextOrNull(notes)}` +
    `,"NodeIdentity":${wrapUint(spec['nodeidentity'], 32)}` +
    `,"WireguardPubKey":${quote(firstPresent(notes, wireguardAnnotations) ?? '')}` +
    `,"BootID":${quote(stringOf(spec['bootid']))}}`;
  const key = bytesOf(nodeKeys.prefix(ctx.clusterName) + name);
  return { kind: 'entries', entries: [{ key, value: bytesOf(value) }], complaints: noComplaints };
}

/** The pod networks in the order of the object, then those of the pools. */
function cidrsOf(ipam: Readonly<Record<string, unknown>>): Cidr[] {
  const texts = [...itemsOf(ipam['podCIDRs'])];
  for (const pool of itemsOf(fieldsOf(ipam['pools'])['allocated']))
    texts.push(...itemsOf(fieldsOf(pool)['cidrs']));
  const cidrs: Cidr[] = [];
  for (const text of texts) {
    const cidr = parseCidr(stringOf(text));
    if (cidr) cidrs.push(cidr);
  }
  return cidrs;
}

function addressesText(addresses: unknown): string {
  const texts: string[] = [];
  for (const item of itemsOf(addresses)) {
    const address = fieldsOf(item);
    const ip = canonicalIp(stringOf(address['ip']));
    if (ip !== undefined) texts.push(`{"Type":${quote(stringOf(address['type']))},"IP":"${ip}"}`);
  }
  return listText(texts);
}

/** A slice that Go never made prints as null. */
function listText(texts: readonly string[]): string {
  return texts.length === 0 ? 'null' : `[${texts.join(',')}]`;
}

function mapTextOrNull(map: ReadonlyMap<string, string>): string {
  return map.size === 0 ? 'null' : stringMapText(map);
}

/** The family is not checked: an IPv4 text in an IPv6 field is exported there. */
function ipText(value: unknown): string {
  return `"${canonicalIp(stringOf(value)) ?? ''}"`;
}
