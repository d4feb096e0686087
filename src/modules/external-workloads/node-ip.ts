import { familyOf } from '../../common/ip-text.js';
import type { NodeAddress } from './register-record.js';

/**
 * The address that stands for the workload: the first InternalIP, else the last ExternalIP, else the first of another type,
 * never a CiliumInternalIP. IPv4 first; a VM without IPv4 is known by its IPv6 address. undefined: it has none.
 */
export function nodeIp(addresses: readonly NodeAddress[]): string | undefined {
  return ofFamily(addresses, 4) ?? ofFamily(addresses, 6);
}

function ofFamily(addresses: readonly NodeAddress[], family: 4 | 6): string | undefined {
  const mine = addresses.filter(({ type, ip }) => familyOf(ip) === family && type !== 'CiliumInternalIP');
  const internal = mine.find(({ type }) => type === 'InternalIP');
  const external = mine.findLast(({ type }) => type === 'ExternalIP');
  return (internal ?? external ?? mine[0])?.ip;
}

export interface AddressPair {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Addresses in order, one of each family to a pair; a family that is there already begins the next pair. */
export function addressPairs(addresses: readonly NodeAddress[]): AddressPair[] {
  const pairs: { ipv4?: string; ipv6?: string }[] = [];
  for (const { ip } of addresses) {
    const slot = familyOf(ip) === 4 ? 'ipv4' : 'ipv6';
    const last = pairs.at(-1);
    if (last && last[slot] === undefined) last[slot] = ip;
    else pairs.push({ [slot]: ip });
  }
  return pairs;
}
