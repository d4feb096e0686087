import { type Bytes, bytesOf, textOf } from '../../common/bytes.js';
import { type Cidr, cidrJson } from '../../common/cidr.js';
import { quote, stringMapText } from '../../common/go-json.js';
import { familyOf } from '../../common/ip-text.js';
import {
  readFields,
  readIp,
  readItems,
  readStrings,
  readText,
  readUint,
  UndecodableValue,
} from './go-json-reader.js';

export interface NodeAddress {
  /** `InternalIP`, `ExternalIP`, `CiliumInternalIP`, `Hostname`, … */
  readonly type: string;
  /** Canonical, never ''. */
  readonly ip: string;
}

/**
 * A workload's registration, the same shape as a node in `cilium/state/nodes/v1` (spec/external-workloads.md §2). Agent and
 * server both write the whole record; '' is no address, undefined no network.
 */
export interface RegisterRecord {
  readonly name: string;
  readonly cluster: string;
  readonly addresses: readonly NodeAddress[];
  readonly ipv4AllocCidr: Cidr | undefined;
  readonly ipv4SecondaryAllocCidrs: readonly Cidr[];
  readonly ipv6AllocCidr: Cidr | undefined;
  readonly ipv6SecondaryAllocCidrs: readonly Cidr[];
  readonly ipv4HealthIp: string;
  readonly ipv6HealthIp: string;
  readonly ipv4IngressIp: string;
  readonly ipv6IngressIp: string;
  readonly clusterId: number;
  readonly source: string;
  readonly encryptionKey: number;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly nodeIdentity: number;
  readonly wireguardPubKey: string;
  readonly bootId: string;
}

/**
 * As lenient as Go's decoder: any order, missing and unknown fields, null. List items that are null or without an address are
 * dropped, as are repeated addresses. @throws UndecodableValue for what Go refuses.
 */
export function decodeRegisterRecord(value: Bytes): RegisterRecord {
  const fields = readFields(parse(textOf(value)), 'the value');
  const cidrs = (name: string): Cidr[] =>
    readItems(fields, name).flatMap((item) => readCidr(item, name) ?? []);
  return {
    name: readText(fields, 'Name'),
    cluster: readText(fields, 'Cluster'),
    addresses: uniqueAddresses(readItems(fields, 'IPAddresses')),
    ipv4AllocCidr: readCidr(fields.get('ipv4alloccidr'), 'IPv4AllocCIDR'),
    ipv4SecondaryAllocCidrs: cidrs('IPv4SecondaryAllocCIDRs'),
    ipv6AllocCidr: readCidr(fields.get('ipv6alloccidr'), 'IPv6AllocCIDR'),
    ipv6SecondaryAllocCidrs: cidrs('IPv6SecondaryAllocCIDRs'),
    ipv4HealthIp: readIp(fields, 'IPv4HealthIP'),
    ipv6HealthIp: readIp(fields, 'IPv6HealthIP'),
    ipv4IngressIp: readIp(fields, 'IPv4IngressIP'),
    ipv6IngressIp: readIp(fields, 'IPv6IngressIP'),
    clusterId: readUint(fields, 'ClusterID', 32),
    source: readText(fields, 'Source'),
    encryptionKey: readUint(fields, 'EncryptionKey', 8),
    labels: readStrings(fields, 'Labels'),
    annotations: readStrings(fields, 'Annotations'),
    nodeIdentity: readUint(fields, 'NodeIdentity', 32),
    wireguardPubKey: readText(fields, 'WireguardPubKey'),
    bootId: readText(fields, 'BootID'),
  };
}

/** All 19 fields in the order in which Go prints them, empty lists and maps as null. */
export function encodeRegisterRecord(record: RegisterRecord): Bytes {
  const addresses = record.addresses.map(({ type, ip }) => `{"Type":${quote(type)},"IP":"${ip}"}`);
  return bytesOf(
    `{"Name":${quote(record.name)},"Cluster":${quote(record.cluster)},"IPAddresses":${listText(addresses)}` +
      `,"IPv4AllocCIDR":${cidrJson(record.ipv4AllocCidr)}` +
      `,"IPv4SecondaryAllocCIDRs":${listText(record.ipv4SecondaryAllocCidrs.map(cidrJson))}` +
      `,"IPv6AllocCIDR":${cidrJson(record.ipv6AllocCidr)}` +
      `,"IPv6SecondaryAllocCIDRs":${listText(record.ipv6SecondaryAllocCidrs.map(cidrJson))}` +
      `,"IPv4HealthIP":"${record.ipv4HealthIp}","IPv6HealthIP":"${record.ipv6HealthIp}"` +
      `,"IPv4IngressIP":"${record.ipv4IngressIp}","IPv6IngressIP":"${record.ipv6IngressIp}"` +
      `,"ClusterID":${record.clusterId},"Source":${quote(record.source)}` +
      `,"EncryptionKey":${record.encryptionKey},"Labels":${mapText(record.labels)}` +
      `,"Annotations":${mapText(record.annotations)},"NodeIdentity":${record.nodeIdentity}` +
      `,"WireguardPubKey":${quote(record.wireguardPubKey)},"BootID":${quote(record.bootId)}}`,
  );
}

/** `10.1.2.0/24`; undefined when address and mask do not make a network that has such a name. */
export function cidrText({ ip, mask }: Cidr): string | undefined {
  const bytes = Buffer.from(mask, 'base64');
  const wide = familyOf(ip) === 4 && bytes.length === 16;
  if (wide && bytes.subarray(0, 12).some((byte) => byte !== 0xff)) return undefined;
  const own = wide ? bytes.subarray(12) : bytes;
  if (own.length !== (familyOf(ip) === 4 ? 4 : 16)) return undefined;
  const bits = [...own].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const ones = bits.indexOf('0') < 0 ? bits.length : bits.indexOf('0');
  return bits.includes('1', ones) ? undefined : `${ip}/${ones}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UndecodableValue(`no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function uniqueAddresses(items: readonly unknown[]): NodeAddress[] {
  const addresses = new Map<string, NodeAddress>();
  for (const item of items) {
    const fields = readFields(item, 'an item of IPAddresses');
    const ip = readIp(fields, 'IP');
    if (ip !== '' && !addresses.has(ip)) addresses.set(ip, { type: readText(fields, 'Type'), ip });
  }
  return [...addresses.values()];
}

/** undefined for null and for an empty network, which would print as `<nil>`. */
function readCidr(value: unknown, where: string): Cidr | undefined {
  const fields = readFields(value, where);
  const ip = readIp(fields, 'IP');
  const mask = readText(fields, 'Mask');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(mask)) {
    throw new UndecodableValue(`the mask of ${where} is no base64`);
  }
  if (ip === '' || mask === '') return undefined;
  return { family: familyOf(ip) === 4 ? 4 : 6, ip, mask };
}

function listText(texts: readonly string[]): string {
  return texts.length === 0 ? 'null' : `[${texts.join(',')}]`;
}

function mapText(map: ReadonlyMap<string, string>): string {
  return map.size === 0 ? 'null' : stringMapText(map);
}
